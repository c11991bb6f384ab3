// name:    tree/uplines
// does:    The people above one member at an instant, nearest first: a customer's promoter, then inviters.
// mode:    read
// params:  key: str, as_of: datetime, levels: int
// returns: level: int, member_id: str, since: datetime
// bound:   3 levels (LEVELS_MAX)
MATCH (m:Member {key: $key})
OPTIONAL MATCH (m)-[b:BOUND_TO]->(promoter)
  WHERE coalesce(m.approved_at > $as_of, true) AND b.valid_from <= $as_of AND $as_of < b.valid_to
OPTIONAL MATCH (m)-[i:INVITED_BY]->(inviter)
  WHERE promoter IS NULL AND i.valid_from <= $as_of AND (i.valid_to IS NULL OR $as_of < i.valid_to)
WITH coalesce(promoter, inviter) AS first, coalesce(b.valid_from, i.valid_from) AS since
LIMIT 1
OPTIONAL MATCH (first)-[i2:INVITED_BY]->(second) WHERE i2.valid_from <= $as_of AND (i2.valid_to IS NULL OR $as_of < i2.valid_to)
OPTIONAL MATCH (second)-[i3:INVITED_BY]->(third) WHERE i3.valid_from <= $as_of AND (i3.valid_to IS NULL OR $as_of < i3.valid_to)
UNWIND [{level: 1, member_id: first.member_id, since: since},
        {level: 2, member_id: second.member_id, since: i2.valid_from},
        {level: 3, member_id: third.member_id, since: i3.valid_from}] AS upline
WITH upline WHERE upline.member_id IS NOT NULL AND upline.level <= $levels
RETURN upline.level AS level, upline.member_id AS member_id, upline.since AS since
ORDER BY level
