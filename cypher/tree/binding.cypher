// name:    tree/binding
// does:    The last binding of a member that began by an instant.
// mode:    read
// params:  key: str, as_of: datetime
// returns: promoter_id: str, since: datetime, expires_at: datetime, how: str
// bound:   one row
MATCH (m:Member {key: $key})-[b:BOUND_TO]->(p:Member)
WHERE b.valid_from <= $as_of
RETURN p.member_id AS promoter_id, b.valid_from AS since, b.valid_to AS expires_at, b.how AS how
ORDER BY b.valid_from DESC
LIMIT 1
