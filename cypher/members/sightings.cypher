// name:    members/sightings
// does:    Tie members to the identifiers they were seen with; the same again counts and widens the time.
// mode:    write
// params:  rows: list[map]
// returns: nothing
// bound:   1,000 events of at most 50 identifiers; a row: key, brand, seq, seen_at, and per kind a list of {key, token, links,
//          building, place}
UNWIND $rows AS row
MATCH (m:Member {key: row.key})
FOREACH (i IN row.devices |
  MERGE (x:Device {key: i.key}) ON CREATE SET x.brand = row.brand, x.token = i.token, x.links = i.links
  MERGE (m)-[r:USES]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
FOREACH (i IN row.ips |
  MERGE (x:Ip {key: i.key}) ON CREATE SET x.brand = row.brand, x.token = i.token, x.links = i.links
  MERGE (m)-[r:SEEN_FROM]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
FOREACH (i IN row.phones |
  MERGE (x:Phone {key: i.key}) ON CREATE SET x.brand = row.brand, x.token = i.token, x.links = i.links
  MERGE (m)-[r:REACHED_AT]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
FOREACH (i IN row.unionids |
  MERGE (x:UnionId {key: i.key}) ON CREATE SET x.brand = row.brand, x.token = i.token, x.links = i.links
  MERGE (m)-[r:IDENTIFIED_BY]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
FOREACH (i IN row.payout_accounts |
  MERGE (x:PayoutAccount {key: i.key}) ON CREATE SET x.brand = row.brand, x.token = i.token, x.links = i.links
  MERGE (m)-[r:PAID_TO]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
FOREACH (i IN row.id_cards |
  MERGE (x:IdCard {key: i.key}) ON CREATE SET x.brand = row.brand, x.token = i.token, x.links = i.links
  MERGE (m)-[r:IDENTIFIED_BY]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
FOREACH (i IN row.addresses |
  MERGE (x:Address {key: i.key}) ON CREATE SET x.brand = row.brand, x.token = i.token, x.links = i.links, x.building = i.building, x.place = i.place
  MERGE (m)-[r:SHIPS_TO]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
