// name:    projector/watermark
// does:    Where the graph in a space stands, with the outcomes of its last stretch if they go beyond what is recorded.
// mode:    read
// params:  space: str, recorded: int
// returns: seq: int, log_hash: str?, outcomes: str?, model: int
// bound:   one node
MATCH (w:Watermark {key: $space})
RETURN w.seq AS seq, w.log_hash AS log_hash, CASE WHEN w.seq > $recorded THEN w.outcomes END AS outcomes,
       coalesce(w.model, 1) AS model
