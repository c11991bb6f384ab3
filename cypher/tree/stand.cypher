// name:    tree/stand
// does:    Suspend or restore distributors from an instant on; entries stay in order of time.
// mode:    write
// params:  nothing
// rows:    seq: int, member_key: str, at: datetime, standing: str
// returns: seq: int, code: str?
// bound:   1,000 events (STRETCH_EVENTS_MAX)
UNWIND $rows AS row
CALL (row) {
  OPTIONAL MATCH (m:Member {key: row.member_key}) WHERE m.first_seq < row.seq
  WITH row, m,
       CASE WHEN m IS NULL THEN 'unknown_member' WHEN size(m.standing) = 0 THEN 'not_a_distributor' END AS code,
       size([at IN coalesce(m.standing_at, []) WHERE at <= row.at]) AS place
  FOREACH (_ IN CASE WHEN code IS NULL THEN [1] ELSE [] END |
    SET m.standing = m.standing[..place] + [row.standing] + m.standing[place..],
        m.standing_seq = m.standing_seq[..place] + [row.seq] + m.standing_seq[place..],
        m.standing_at = m.standing_at[..place] + [row.at] + m.standing_at[place..])
  RETURN code
}
RETURN row.seq AS seq, code
