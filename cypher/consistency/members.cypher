// name:    consistency/members
// does:    A page of the members of a space, in the order of their keys.
// mode:    read
// params:  after: str, before: str, count: int
// returns: keys: list[str]
// bound:   count members per page; a range of the key's index, so that the last page costs what the first does
MATCH (m:Member)
WHERE m.key > $after AND m.key < $before
WITH m.key AS key
ORDER BY key
LIMIT $count
RETURN collect(key) AS keys
