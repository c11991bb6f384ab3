// name:    members/ensure
// does:    Make the members that events of a batch speak of for the first time.
// mode:    write
// params:  nothing
// rows:    key: str, brand: str, member_id: str, seq: int, order_seq: int?
// returns: nothing
// bound:   1,000 events (STRETCH_EVENTS_MAX)
UNWIND $rows AS row
MERGE (m:Member {key: row.key})
  ON CREATE SET m.brand = row.brand, m.member_id = row.member_id, m.first_seq = row.seq,
                m.standing = [], m.standing_at = [], m.standing_seq = []
SET m.first_order_seq = coalesce(m.first_order_seq, row.order_seq)
