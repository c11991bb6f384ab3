// name:    projector/fence
// does:    Take a space's watermark for writing, so that no other projector can write, and say where it stands.
// mode:    write
// params:  space: str
// returns: seq: int
// bound:   one node
MERGE (w:Watermark {key: $space})
  ON CREATE SET w.seq = 0, w.outcomes = '[]', w.fenced = 0
SET w.fenced = w.fenced + 1
RETURN w.seq AS seq
