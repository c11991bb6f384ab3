// name:    members/sightings
// does:    Tie members to the identifiers they were seen with; the same again counts and widens the time.
// mode:    write
// params:  rows: list[map]
// returns: nothing
// bound:   1,000 events (STRETCH_EVENTS_MAX) of at most 50 identifiers, all made before; a row: key, seq, seen_at, and lists of
//          {key, kind}: what the member owns, what it merely met with
UNWIND $rows AS row
MATCH (m:Member {key: row.key})
FOREACH (i IN row.owns |
  MERGE (x:Identifier {key: i.key})
  MERGE (m)-[r:OWNS]->(x)
    ON CREATE SET r.kind = i.kind, r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
FOREACH (i IN row.met |
  MERGE (x:Identifier {key: i.key})
  MERGE (m)-[r:SEEN_AT]->(x)
    ON CREATE SET r.kind = i.kind, r.first_seen = row.seen_at, r.last_seen = row.seen_at, r.times = 1, r.seq = row.seq
    ON MATCH SET r.times = r.times + 1,
      r.first_seen = CASE WHEN row.seen_at < r.first_seen THEN row.seen_at ELSE r.first_seen END,
      r.last_seen = CASE WHEN row.seen_at > r.last_seen THEN row.seen_at ELSE r.last_seen END)
