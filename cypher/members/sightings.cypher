// name:    members/sightings
// does:    Tie members to the identifiers they were seen with; the same again counts and widens the time.
// mode:    write
// params:  nothing
// rows:    key: str, brand: str, seq: int, seen_at: datetime, owns: list[identifier], met: list[identifier]
// maps:    identifier{key: str, kind: str, label: str, token: str, links: bool, building: str?, place: str?}
// returns: nothing
// bound:   1,000 events (STRETCH_EVENTS_MAX) of at most 50 identifiers: what the member owns, what it merely met with
UNWIND $rows AS row
MATCH (m:Member {key: row.key})
FOREACH (i IN row.owns |
  MERGE (x:Identifier {key: i.key})
    ON CREATE SET x:$(i.label), x.kind = i.kind, x.brand = row.brand, x.token = i.token, x.links = i.links, x.building = i.building, x.place = i.place
  MERGE (m)-[r:OWNS]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
FOREACH (i IN row.met |
  MERGE (x:Identifier {key: i.key})
    ON CREATE SET x:$(i.label), x.kind = i.kind, x.brand = row.brand, x.token = i.token, x.links = i.links, x.building = i.building, x.place = i.place
  MERGE (m)-[r:SEEN_AT]->(x)
    ON CREATE SET r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
