// name:    projector/live_space
// does:    The space in which a brand's whole graph lies; its own name until a graph was made anew.
// mode:    read
// params:  brand: str
// returns: space: str
// bound:   one row
OPTIONAL MATCH (s:Space {key: $brand})
RETURN coalesce(s.live, $brand) AS space
