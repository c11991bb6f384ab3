// name:    projector/spaces
// does:    Every space that was begun for a brand beside the first.
// mode:    read
// params:  prefix: str
// returns: space: str
// bound:   a handful: those no rebuild needs any more are deleted
MATCH (w:Watermark) WHERE w.key STARTS WITH $prefix
RETURN w.key AS space
