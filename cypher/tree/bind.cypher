// name:    tree/bind
// does:    Bind buyers to promoters, one after the other in the order given, or say why not.
// mode:    write
// params:  nothing
// rows:    seq: int, member_key: str, promoter_key: str, at: datetime, until: datetime, how: str
// returns: seq: int, code: str?
// bound:   1,000 requests (STRETCH_EVENTS_MAX), 1,000 persons above (LOOP_HOPS_MAX)
UNWIND $rows AS row
CALL (row) {
  OPTIONAL MATCH (m:Member {key: row.member_key}) WHERE m.first_seq <= row.seq
  OPTIONAL MATCH (p:Member {key: row.promoter_key}) WHERE p.first_seq <= row.seq
  // standing_at is kept in order of time: the last entry not after the instant is what the promoter was then;
  // each list is read once, for a property is read anew for every place that is asked of it
  WITH row, m, p, p.standing AS stood, p.standing_at AS stood_at, p.standing_seq AS stood_seq
  WITH row, m, p,
       last([i IN range(0, coalesce(size(stood_at), 0) - 1)
             WHERE stood_at[i] <= row.at AND stood_seq[i] < row.seq | stood[i]]) AS standing
  WITH row, m, p,
       CASE
         WHEN m IS NULL OR p IS NULL THEN 'unknown_member'
         WHEN m = p THEN 'self_binding'
         WHEN coalesce(standing, 'none') <> 'active' THEN 'promoter_inactive'
         WHEN EXISTS {
           (m)-[b:BOUND_TO]->() WHERE b.valid_from < row.until AND row.at < b.valid_to
         } THEN 'already_bound'
       END AS early
  CALL (row, m, p, early) {
    WITH row, m, p, early WHERE early IS NULL AND EXISTS { (m)<-[:BOUND_TO|INVITED_BY]-() }
    // whoever stands above the promoter while the binding would last; a loop is the member among them, or more of them
    // than are looked at. Distinct, so that the walk goes breadth first and meets nobody twice
    MATCH (p)(()-[up:BOUND_TO|INVITED_BY WHERE up.valid_from < row.until
                  AND (up.valid_to IS NULL OR row.at < up.valid_to)]->()){1,1001}(above)
    WITH DISTINCT m, above
    RETURN sum(CASE WHEN above = m THEN 1 ELSE 0 END) > 0 OR count(above) > 1000 AS loops
  }
  WITH row, m, p, CASE WHEN early IS NULL AND loops THEN 'would_loop' ELSE early END AS code
  FOREACH (_ IN CASE WHEN code IS NULL THEN [1] ELSE [] END |
    CREATE (m)-[:BOUND_TO {seq: row.seq, valid_from: row.at, valid_to: row.until, how: row.how}]->(p))
  RETURN code
}
RETURN row.seq AS seq, code
