// name:    projector/watermark
// does:    Where the graph of a brand stands, with the outcomes of its last batch if they go beyond what is recorded.
// mode:    read
// params:  brand: str, recorded: int
// returns: seq: int, outcomes: str?
// bound:   one node
MATCH (w:Watermark {key: $brand})
RETURN w.seq AS seq, CASE WHEN w.seq > $recorded THEN w.outcomes END AS outcomes
