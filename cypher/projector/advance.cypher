// name:    projector/advance
// does:    Move a space's watermark and keep the stretch's outcomes with it, until they stand in the log's store too.
// mode:    write
// params:  space: str, seq: int, log_hash: str, outcomes: str
// returns: nothing
// bound:   one node; outcomes of one stretch
MATCH (w:Watermark {key: $space})
SET w.seq = $seq, w.log_hash = $log_hash, w.outcomes = $outcomes
