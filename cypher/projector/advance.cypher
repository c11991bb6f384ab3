// name:    projector/advance
// does:    Move the brand's watermark and keep the batch's outcomes with it, until they stand in the log's store too.
// mode:    write
// params:  brand: str, seq: int, outcomes: str
// returns: nothing
// bound:   one node; outcomes of one batch
MATCH (w:Watermark {key: $brand})
SET w.seq = $seq, w.outcomes = $outcomes
