// name:    projector/go_live
// does:    From now on a brand's graph is the one in this space.
// mode:    write
// params:  brand: str, space: str
// returns: nothing
// bound:   one node
MERGE (s:Space {key: $brand})
SET s.live = $space
