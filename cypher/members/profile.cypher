// name:    members/profile
// does:    What the graph knows of one member.
// mode:    read
// params:  key: str, as_of: datetime
// returns: member_id: str, kind: str?, grade: str?, standing: str?, approved: bool, registered_at: datetime?, inviter_id: str?, account_seqs: list[int]
// bound:   one row, 50 accounts
MATCH (m:Member {key: $key})
OPTIONAL MATCH (m)-[i:INVITED_BY]->(inviter)
  WHERE i.valid_from <= $as_of AND (i.valid_to IS NULL OR $as_of < i.valid_to)
WITH m, inviter, m.standing AS stood, m.standing_at AS stood_at LIMIT 1
RETURN m.member_id AS member_id, m.kind AS kind, m.grade AS grade,
       last([x IN range(0, size(stood_at) - 1) WHERE stood_at[x] <= $as_of | stood[x]]) AS standing,
       size(stood) > 0 AS approved, m.registered_at AS registered_at, inviter.member_id AS inviter_id,
       COLLECT { MATCH (m)<-[r:ACCOUNT_OF]-(:Account) RETURN r.seq ORDER BY r.seq LIMIT 50 } AS account_seqs
