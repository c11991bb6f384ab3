// name:    projector/end_space
// does:    Forget where a space stood, once nothing lies in it any more.
// mode:    write
// params:  space: str
// returns: nothing
// bound:   one node
MATCH (w:Watermark {key: $space})
DELETE w
