// name:    consistency/facts
// does:    Every fact the graph holds of some members, for comparison with the log.
// mode:    read
// params:  keys: list[str]
// returns: key: str, first_seq: int, standing: list[str], standing_at: list[datetime], standing_seq: list[int], bound: list[map], invited: list[map], seen: list[map], orders: list[str]
// bound:   500 members (CONSISTENCY_PAGE)
UNWIND $keys AS key
MATCH (m:Member {key: key})
RETURN m.key AS key, m.first_seq AS first_seq, m.standing AS standing, m.standing_at AS standing_at, m.standing_seq AS standing_seq,
       COLLECT { MATCH (m)-[b:BOUND_TO]->(p) RETURN {id: p.member_id, from: b.valid_from, to: b.valid_to, seq: b.seq} } AS bound,
       COLLECT { MATCH (m)-[i:INVITED_BY]->(p) RETURN {id: p.member_id, from: i.valid_from, to: i.valid_to, seq: i.seq} } AS invited,
       COLLECT { MATCH (m)-[r:OWNS|SEEN_AT]->(x)
                 RETURN {kind: x.kind, token: x.token, times: r.times, first_seen: r.first_seen, seq: r.seq} } AS seen,
       COLLECT { MATCH (m)<-[:PLACED_BY]-(o:Order)
                 RETURN o.order_id + ' ' + reduce(text = '', p IN
                   COLLECT { MATCH (o)-[r:PROMOTED_BY]->(u) RETURN toString(r.level) + ':' + u.member_id ORDER BY r.level }
                   | text + p + ' ') } AS orders
