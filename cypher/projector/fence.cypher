// name:    projector/fence
// does:    Take the brand's watermark for writing, so that no other projector can write, and say where it stands.
// mode:    write
// params:  brand: str
// returns: seq: int
// bound:   one node
MERGE (w:Watermark {key: $brand})
  ON CREATE SET w.seq = 0, w.outcomes = '[]', w.fenced = 0
SET w.fenced = w.fenced + 1
RETURN w.seq AS seq
