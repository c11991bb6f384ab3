// name:    consistency/facts
// does:    Every fact the graph holds of some members, for comparison with the log.
// mode:    read
// params:  keys: list[str]
// returns: members: list[flat]
// bound:   500 members (CONSISTENCY_PAGE) with 20,000 events (CONSISTENCY_EVENTS_MAX) between them, or one
// One row for the whole page, lists and no maps: a row and a name cost the driver more than what stands in them. A member:
// key, first_seq, standing, standing_at, standing_seq, bound and invited (other, since, until, seq), seen (kind, token,
// times, first_seen, seq), orders.
// Instants come as microseconds, which cost a fraction of what the driver takes to make one; what is none, as text.
UNWIND $keys AS key
MATCH (m:Member {key: key})
RETURN collect([
       m.key, m.first_seq, m.standing,
       [at IN m.standing_at | CASE WHEN valueType(at) = 'ZONED DATETIME NOT NULL' THEN at.epochSeconds * 1000000 + at.microsecond ELSE toStringOrNull(at) END],
       m.standing_seq,
       COLLECT { MATCH (m)-[b:BOUND_TO]->(p) WITH p, b, b.valid_from AS since, b.valid_to AS until
                 RETURN [p.member_id,
                   CASE WHEN valueType(since) = 'ZONED DATETIME NOT NULL' THEN since.epochSeconds * 1000000 + since.microsecond ELSE toStringOrNull(since) END,
                   CASE WHEN valueType(until) = 'ZONED DATETIME NOT NULL' THEN until.epochSeconds * 1000000 + until.microsecond ELSE toStringOrNull(until) END,
                   b.seq] },
       COLLECT { MATCH (m)-[i:INVITED_BY]->(p) WITH p, i, i.valid_from AS since, i.valid_to AS until
                 RETURN [p.member_id,
                   CASE WHEN valueType(since) = 'ZONED DATETIME NOT NULL' THEN since.epochSeconds * 1000000 + since.microsecond ELSE toStringOrNull(since) END,
                   CASE WHEN valueType(until) = 'ZONED DATETIME NOT NULL' THEN until.epochSeconds * 1000000 + until.microsecond ELSE toStringOrNull(until) END,
                   i.seq] },
       COLLECT { MATCH (m)-[r:OWNS|SEEN_AT]->(x) WITH x, r, r.first_seen AS first
                 RETURN [x.kind, x.token, r.times,
                   CASE WHEN valueType(first) = 'ZONED DATETIME NOT NULL' THEN first.epochSeconds * 1000000 + first.microsecond ELSE toStringOrNull(first) END,
                   r.seq] },
       COLLECT { MATCH (m)<-[:PLACED_BY]-(o:Order)
                 RETURN o.order_id + ' ' + reduce(text = '', p IN
                   COLLECT { MATCH (o)-[r:PROMOTED_BY]->(u) RETURN toString(r.level) + ':' + u.member_id ORDER BY r.level }
                   | text + p + ' ') }
]) AS members
