// name:    projector/watermark
// does:    Where the graph of a brand stands.
// mode:    read
// params:  brand: str
// returns: seq: int, after: int, outcomes: str
// bound:   one node
MATCH (w:Watermark {key: $brand})
RETURN w.seq AS seq, w.after AS after, w.outcomes AS outcomes
