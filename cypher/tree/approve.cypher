// name:    tree/approve
// does:    Make members distributors under an inviter or as roots, one after the other, or say why not.
// mode:    write
// params:  levels: int
// rows:    seq: int, member_key: str, inviter_given: bool, inviter_key: str?, at: datetime, grade: str?
// returns: seq: int, code: str?, inviter_key: str?, changed: bool
// bound:   1,000 approvals (STRETCH_EVENTS_MAX), 3 levels (LEVELS_MAX), 1,000 persons above (LOOP_HOPS_MAX)
UNWIND $rows AS row
CALL (row) {
  OPTIONAL MATCH (m:Member {key: row.member_key}) WHERE m.first_seq < row.seq
  OPTIONAL MATCH (named:Member {key: row.inviter_key}) WHERE named.first_seq < row.seq
  OPTIONAL MATCH (m)-[b:BOUND_TO]->(promoter) WHERE NOT row.inviter_given AND b.valid_from <= row.at AND row.at < b.valid_to
  OPTIONAL MATCH (m)-[open:INVITED_BY]->(present) WHERE open.valid_to IS NULL
  WITH row, m, named, present, m IS NOT NULL AND size(m.standing) > 0 AS again,
       CASE WHEN row.inviter_given THEN named ELSE promoter END AS wanted
  // a second approval that names nobody, or the same one, changes the grade and nothing else
  WITH row, m, named, present, again,
       CASE WHEN again AND NOT (row.inviter_given AND row.inviter_key IS NOT NULL) THEN present ELSE wanted END AS inviter
  // each list is read once: a property is read anew for every place that is asked of it
  WITH *, inviter.standing AS stood, inviter.standing_at AS stood_at, inviter.standing_seq AS stood_seq
  WITH *, last([i IN range(0, coalesce(size(stood_at), 0) - 1)
                WHERE stood_at[i] <= row.at AND stood_seq[i] < row.seq | stood[i]]) AS standing
  WITH *, again AND coalesce(inviter.key, '') = coalesce(present.key, '') AS same
  WITH row, m, inviter, again,
       CASE
         WHEN m IS NULL OR (row.inviter_given AND row.inviter_key IS NOT NULL AND named IS NULL) THEN 'unknown_member'
         WHEN m = inviter THEN 'self_binding'
         WHEN NOT same AND inviter IS NOT NULL AND coalesce(standing, 'none') <> 'active' THEN 'promoter_inactive'
         WHEN again AND NOT same THEN 'already_bound'
       END AS early
  CALL (row, m, inviter, early) {
    WITH row, m, inviter, early WHERE early IS NULL AND inviter IS NOT NULL AND EXISTS { (m)<-[:BOUND_TO|INVITED_BY]-() }
    // a loop is the member among those above the inviter, or more of them than are looked at
    MATCH (inviter)(()-[up:BOUND_TO|INVITED_BY WHERE up.valid_to IS NULL OR row.at < up.valid_to]->()){1,1001}(above)
    WITH DISTINCT m, above
    RETURN sum(CASE WHEN above = m THEN 1 ELSE 0 END) > 0 OR count(above) > 1000 AS loops
  }
  CALL (m, inviter, early) {
    WITH m, inviter, early WHERE early IS NULL AND inviter IS NOT NULL
    MATCH up = (inviter)(()-[a:INVITED_BY WHERE a.valid_to IS NULL]->()){0,3}()
    MATCH down = (m)(()<-[d:INVITED_BY WHERE d.valid_to IS NULL]-()){0,3}()
    RETURN coalesce(max(length(up)), 0) + coalesce(max(length(down)), 0) + 2 AS depth
  }
  WITH row, m, inviter, again,
       CASE WHEN early IS NOT NULL THEN early
            WHEN again THEN null
            WHEN loops THEN 'would_loop'
            WHEN depth > $levels THEN 'too_deep' END AS code
  FOREACH (_ IN CASE WHEN code IS NULL THEN [1] ELSE [] END |
    SET m.grade = coalesce(row.grade, m.grade, 'B'),
        m.grades = coalesce(m.grades, []) + [coalesce(row.grade, m.grade, 'B')],
        m.grades_seq = coalesce(m.grades_seq, []) + [row.seq])
  FOREACH (_ IN CASE WHEN code IS NULL AND NOT again THEN [1] ELSE [] END |
    SET m.standing = ['active'], m.standing_at = [row.at], m.standing_seq = [row.seq],
        m.approved_at = row.at, m.approved_seq = row.seq)
  FOREACH (_ IN CASE WHEN code IS NULL AND NOT again AND inviter IS NOT NULL THEN [1] ELSE [] END |
    CREATE (m)-[:INVITED_BY {seq: row.seq, valid_from: row.at}]->(inviter))
  RETURN code, inviter.key AS inviter_key, code IS NULL AND NOT again AS changed
}
RETURN row.seq AS seq, code, inviter_key, changed
