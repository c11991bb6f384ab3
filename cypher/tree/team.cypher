// name:    tree/team
// does:    A page of the distributors below a member at an instant, level by level, each with those below it in turn.
// mode:    read
// params:  key: str, as_of: datetime, depth: int, after_level: int, after_id: str, count: int
// returns: level: int, member_id: str, grade: str?, status: str?, direct_count: int, customer_count: int, team: list[str]
// bound:   count ≤ 200 (PAGE_ITEMS_MAX), 3 levels (LEVELS_MAX)
MATCH path = (root:Member {key: $key})
  (()<-[r:INVITED_BY WHERE r.valid_from <= $as_of AND (r.valid_to IS NULL OR $as_of < r.valid_to)]-()){1,3}(m)
WITH m, length(path) AS level
WHERE level <= $depth AND (level > $after_level OR (level = $after_level AND m.member_id > $after_id))
ORDER BY level, m.member_id
LIMIT $count
CALL (m) {
  OPTIONAL MATCH below = (m)
    (()<-[r:INVITED_BY WHERE r.valid_from <= $as_of AND (r.valid_to IS NULL OR $as_of < r.valid_to)]-()){1,2}(n)
  RETURN [id IN collect(n.member_id) WHERE id IS NOT NULL] AS team
}
WITH level, m, team, m.standing AS stood, m.standing_at AS stood_at
RETURN level, m.member_id AS member_id, m.grade AS grade,
       last([i IN range(0, size(stood_at) - 1) WHERE stood_at[i] <= $as_of | stood[i]]) AS status,
       COUNT { (m)<-[r:INVITED_BY]-() WHERE r.valid_from <= $as_of AND (r.valid_to IS NULL OR $as_of < r.valid_to) } AS direct_count,
       COUNT { (m)<-[b:BOUND_TO]-() WHERE b.valid_from <= $as_of AND $as_of < b.valid_to } AS customer_count,
       team
ORDER BY level, member_id
