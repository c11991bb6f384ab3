// name:    members/register
// does:    Fill in what registrations say of members and tie their accounts to them; what is known stays.
// mode:    write
// params:  nothing
// rows:    key: str, brand: str, seq: int, registered_at: datetime, kind: str, entry_channel: str?, platform: str,
//          account_key: str?, account_token: str?
// returns: nothing
// bound:   1,000 events (STRETCH_EVENTS_MAX)
UNWIND $rows AS row
MATCH (m:Member {key: row.key})
SET m.registered_at = coalesce(m.registered_at, row.registered_at),
    m.kind = coalesce(m.kind, row.kind),
    m.entry_channel = coalesce(m.entry_channel, row.entry_channel)
FOREACH (_ IN CASE WHEN row.account_key IS NULL THEN [] ELSE [1] END |
  MERGE (a:Account {key: row.account_key})
    ON CREATE SET a.brand = row.brand, a.platform = row.platform, a.token = row.account_token, a.seq = row.seq
  MERGE (a)-[r:ACCOUNT_OF]->(m)
    ON CREATE SET r.seq = row.seq)
