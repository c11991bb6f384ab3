// name:    evidence/ties
// does:    The paths that tie a buyer, or the identifiers an order names, to the persons above.
// mode:    read
// params:  buyer_key: str, order_id: str, named_keys: list[str], upline_keys: list[str], ties_max: int
// maps:    step{kind: str, id: str}
// returns: upline_id: str, path: list[step]
// bound:   ties_max paths (TIES_PER_ORDER_MAX), 3 uplines (LEVELS_MAX)
UNWIND $upline_keys AS upline_key
MATCH (u:Member {key: upline_key}) WHERE u.key <> $buyer_key
OPTIONAL MATCH (b:Member {key: $buyer_key})
MATCH (u)-[:OWNS]->(x) WHERE x.links
// asked of both persons' own few: a match from x would walk all who share it
WITH u, x, b, EXISTS { (b)-[:OWNS]->(x) } AS own
WHERE own OR x.key IN $named_keys
RETURN u.member_id AS upline_id,
       [CASE WHEN own THEN {kind: 'member', id: b.member_id} ELSE {kind: 'order', id: $order_id} END,
        {kind: x.kind, id: x.token},
        {kind: 'member', id: u.member_id}] AS path
LIMIT $ties_max
