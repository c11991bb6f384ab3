// name:    members/known
// does:    Which members the graph knows, and since which event.
// mode:    read
// params:  keys: list[str]
// returns: member_id: str, first_seq: int
// bound:   1,000 members
UNWIND $keys AS key
MATCH (m:Member {key: key})
RETURN m.member_id AS member_id, m.first_seq AS first_seq
