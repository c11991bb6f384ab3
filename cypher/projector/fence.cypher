// name:    projector/fence
// does:    Take a space's watermark for writing, so that nobody else can write, and say where it stands;
//          one that begins is of the model given.
// mode:    write
// params:  space: str, model: int
// returns: seq: int
// bound:   one node
MERGE (w:Watermark {key: $space})
  ON CREATE SET w.seq = 0, w.outcomes = '[]', w.fenced = 0, w.model = $model
SET w.fenced = w.fenced + 1
RETURN w.seq AS seq
