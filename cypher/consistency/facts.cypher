// name:    consistency/facts
// does:    Every fact the graph holds of some members, for comparison with the log.
// mode:    read
// params:  keys: list[str]
// returns: members: list[map]
// bound:   500 members (CONSISTENCY_PAGE)
// One row for the whole page: a row costs the driver more than what stands in it. A member: key, first_seq, standing,
// standing_at, standing_seq, bound, invited, seen, orders.
// Instants come as microseconds, which cost a fraction of what the driver takes to make one; what is none, as text.
UNWIND $keys AS key
MATCH (m:Member {key: key})
RETURN collect({
       key: m.key, first_seq: m.first_seq, standing: m.standing,
       standing_at: [at IN m.standing_at | CASE WHEN valueType(at) = 'ZONED DATETIME NOT NULL' THEN at.epochSeconds * 1000000 + at.microsecond ELSE toStringOrNull(at) END],
       standing_seq: m.standing_seq,
       bound: COLLECT { MATCH (m)-[b:BOUND_TO]->(p) WITH p, b, b.valid_from AS since, b.valid_to AS until
                 RETURN {id: p.member_id, seq: b.seq,
                   from: CASE WHEN valueType(since) = 'ZONED DATETIME NOT NULL' THEN since.epochSeconds * 1000000 + since.microsecond ELSE toStringOrNull(since) END,
                   to: CASE WHEN valueType(until) = 'ZONED DATETIME NOT NULL' THEN until.epochSeconds * 1000000 + until.microsecond ELSE toStringOrNull(until) END} },
       invited: COLLECT { MATCH (m)-[i:INVITED_BY]->(p) WITH p, i, i.valid_from AS since, i.valid_to AS until
                 RETURN {id: p.member_id, seq: i.seq,
                   from: CASE WHEN valueType(since) = 'ZONED DATETIME NOT NULL' THEN since.epochSeconds * 1000000 + since.microsecond ELSE toStringOrNull(since) END,
                   to: CASE WHEN valueType(until) = 'ZONED DATETIME NOT NULL' THEN until.epochSeconds * 1000000 + until.microsecond ELSE toStringOrNull(until) END} },
       seen: COLLECT { MATCH (m)-[r:OWNS|SEEN_AT]->(x) WITH x, r, r.first_seen AS first
                 RETURN {kind: x.kind, token: x.token, times: r.times, seq: r.seq,
                   first_seen: CASE WHEN valueType(first) = 'ZONED DATETIME NOT NULL' THEN first.epochSeconds * 1000000 + first.microsecond ELSE toStringOrNull(first) END} },
       orders: COLLECT { MATCH (m)<-[:PLACED_BY]-(o:Order)
                 RETURN o.order_id + ' ' + reduce(text = '', p IN
                   COLLECT { MATCH (o)-[r:PROMOTED_BY]->(u) RETURN toString(r.level) + ':' + u.member_id ORDER BY r.level }
                   | text + p + ' ') }
}) AS members
