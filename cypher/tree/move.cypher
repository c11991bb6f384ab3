// name:    tree/move
// does:    Put distributors with their teams under another inviter, or make them roots, or say why not.
// mode:    write
// params:  levels: int
// rows:    seq: int, member_key: str, inviter_key: str?, at: datetime, dry_run: bool
// returns: seq: int, code: str?, moved: int, depth: int
// bound:   1,000 moves (STRETCH_EVENTS_MAX), 3 levels (LEVELS_MAX), 1,000 persons above (LOOP_HOPS_MAX)
UNWIND $rows AS row
CALL (row) {
  OPTIONAL MATCH (m:Member {key: row.member_key}) WHERE m.first_seq < row.seq AND size(m.standing) > 0
  OPTIONAL MATCH (inviter:Member {key: row.inviter_key}) WHERE inviter.first_seq < row.seq
  OPTIONAL MATCH (m)-[open:INVITED_BY]->(present) WHERE open.valid_to IS NULL
  // each list is read once: a property is read anew for every place that is asked of it
  WITH *, inviter.standing AS stood, inviter.standing_at AS stood_at, inviter.standing_seq AS stood_seq
  WITH *, last([i IN range(0, coalesce(size(stood_at), 0) - 1)
                WHERE stood_at[i] <= row.at AND stood_seq[i] < row.seq | stood[i]]) AS standing
  WITH row, m, inviter, open,
       CASE
         WHEN m IS NULL OR (row.inviter_key IS NOT NULL AND inviter IS NULL) THEN 'unknown_member'
         WHEN m = inviter THEN 'self_binding'
         WHEN inviter IS NOT NULL AND coalesce(standing, 'none') <> 'active' THEN 'promoter_inactive'
         WHEN coalesce(inviter.key, '') = coalesce(present.key, '') THEN 'already_bound'
       END AS early
  CALL (row, m, inviter, early) {
    WITH row, m, inviter, early WHERE early IS NULL AND inviter IS NOT NULL
    // a loop is the member among those above the inviter, or more of them than are looked at
    MATCH (inviter)(()-[up:BOUND_TO|INVITED_BY WHERE up.valid_to IS NULL OR row.at < up.valid_to]->()){1,1001}(above)
    WITH DISTINCT m, above
    RETURN sum(CASE WHEN above = m THEN 1 ELSE 0 END) > 0 OR count(above) > 1000 AS loops
  }
  // aggregates without a grouping key: each always answers one row, so that no refused move is lost
  CALL (m, early) {
    WITH m, early WHERE early IS NULL
    MATCH down = (m)(()<-[d:INVITED_BY WHERE d.valid_to IS NULL]-()){0,3}()
    RETURN count(*) AS moved, coalesce(max(length(down)), 0) AS below
  }
  CALL (inviter, early) {
    WITH inviter, early WHERE early IS NULL AND inviter IS NOT NULL
    MATCH up = (inviter)(()-[a:INVITED_BY WHERE a.valid_to IS NULL]->()){0,3}()
    RETURN coalesce(max(length(up)) + 1, 0) AS above
  }
  WITH row, m, inviter, open, early, loops, moved, CASE WHEN moved = 0 THEN 0 ELSE above + 1 + below END AS depth
  WITH row, m, inviter, open, moved, depth,
       CASE WHEN early IS NOT NULL THEN early WHEN loops THEN 'would_loop' WHEN depth > $levels THEN 'too_deep' END AS code
  FOREACH (_ IN CASE WHEN code IS NULL AND NOT row.dry_run AND open IS NOT NULL THEN [1] ELSE [] END |
    SET open.valid_to = row.at, open.closed_seq = row.seq)
  FOREACH (_ IN CASE WHEN code IS NULL AND NOT row.dry_run AND inviter IS NOT NULL THEN [1] ELSE [] END |
    CREATE (m)-[:INVITED_BY {seq: row.seq, valid_from: row.at}]->(inviter))
  RETURN code, moved, depth
}
RETURN row.seq AS seq, code, moved, depth
