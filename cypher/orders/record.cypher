// name:    orders/record
// does:    Write orders, freeze who stands above each buyer as of the order, and find what ties the buyer to those persons.
// mode:    write
// params:  ties_max: int
// rows:    seq: int, key: str, brand: str, order_id: str, buyer_key: str, promoter_key: str?, placed_at_us: int,
//          paid_fen: int, data_print: str, tying_keys: list[str], identifiers: list[identifier]
// maps:    identifier{key: str, kind: str, label: str, token: str, links: bool, building: str?, place: str?}
//          position{level: int, member_id: str, is_buyer: bool, standing: str?, grade: str?}
//          tie{level: int, kind: str, token: str, named: bool}
//          found{seq: int, how: str?, new_buyer: bool, chain: list[position], ties: list[tie]}
// returns: found: list[found]
// bound:   1,000 orders (STRETCH_EVENTS_MAX), 3 levels (LEVELS_MAX), ties_max ties (TIES_PER_ORDER_MAX)
// One row for the whole batch, and instants as microseconds since 1970: each row, and each instant, costs the driver as much
// as all else of an order.
UNWIND $rows AS row
WITH row, datetime({epochSeconds: 0}) + duration({microseconds: row.placed_at_us}) AS placed_at
MATCH (b:Member {key: row.buyer_key})
// level 1: the binding that held when the order was placed, else the promoter it names, else a distributor's own inviter
CALL (row, b, placed_at) {
  OPTIONAL MATCH (b)-[r:BOUND_TO]->(bound)
    WHERE r.seq < row.seq AND r.valid_from <= placed_at AND placed_at < r.valid_to
  OPTIONAL MATCH (named:Member {key: row.promoter_key})
    WHERE bound IS NULL AND named <> b AND named.approved_seq < row.seq AND named.approved_at <= placed_at
  OPTIONAL MATCH (b)-[i:INVITED_BY]->(inviter)
    WHERE bound IS NULL AND named IS NULL AND b.approved_seq < row.seq AND b.approved_at <= placed_at
      AND i.seq < row.seq AND i.valid_from <= placed_at
      AND (i.valid_to IS NULL OR i.closed_seq >= row.seq OR placed_at < i.valid_to)
  RETURN coalesce(bound, named, inviter) AS first,
         CASE WHEN bound IS NOT NULL THEN 'bound' WHEN named IS NOT NULL THEN 'named' WHEN inviter IS NOT NULL THEN 'inviter' END AS how
  ORDER BY i.seq DESC  // of two that would hold at once, the one told last
  LIMIT 1
}
CALL (row, first, placed_at) {
  OPTIONAL MATCH (first)-[i:INVITED_BY]->(second)
    WHERE i.seq < row.seq AND i.valid_from <= placed_at
      AND (i.valid_to IS NULL OR i.closed_seq >= row.seq OR placed_at < i.valid_to)
  OPTIONAL MATCH (second)-[j:INVITED_BY]->(third)
    WHERE j.seq < row.seq AND j.valid_from <= placed_at
      AND (j.valid_to IS NULL OR j.closed_seq >= row.seq OR placed_at < j.valid_to)
  RETURN second, third
  ORDER BY i.seq DESC, j.seq DESC
  LIMIT 1
}
WITH row, placed_at, b, how, [u IN [first, second, third] WHERE u IS NOT NULL] AS uppers
// ties: walk out from the two persons, whose own identifiers are few, never from a shared thing, whose users may be many
CALL (row, b, uppers) {
  UNWIND range(0, size(uppers) - 1) AS place
  WITH row, b, place, uppers[place] AS u
  WHERE u <> b
  MATCH (u)-[ru:OWNS]->(x)
  WHERE ru.seq < row.seq AND x.links
  WITH row, b, place, x, x.key IN row.tying_keys AS named,
       EXISTS { (b)-[rb:OWNS]->(x) WHERE rb.seq < row.seq } AS own
  WHERE named OR own
  RETURN collect({level: place + 1, kind: x.kind, token: x.token, named: named AND NOT own})[..$ties_max] AS ties
}
// what each person was: every list is read once, for a property is read anew for every place that is asked of it
CALL (row, b, placed_at, uppers) {
  UNWIND range(0, size(uppers) - 1) AS place
  WITH row, placed_at, b, place, uppers[place] AS u
  WITH row, placed_at, b, place, u, u.standing AS stood, u.standing_at AS stood_at, u.standing_seq AS stood_seq,
       coalesce(u.grades, []) AS grades, u.grades_seq AS grades_seq
  ORDER BY place
  RETURN collect({
    level: place + 1, member_id: u.member_id, is_buyer: u = b,
    standing: last([i IN range(0, size(stood_at) - 1)
                    WHERE stood_at[i] <= placed_at AND stood_seq[i] < row.seq | stood[i]]),
    grade: last([i IN range(0, size(grades) - 1) WHERE grades_seq[i] < row.seq | grades[i]])
  }) AS chain
}
CREATE (o:Order {key: row.key, brand: row.brand, order_id: row.order_id, seq: row.seq, placed_at: placed_at,
                 paid_fen: row.paid_fen, data_print: row.data_print})
CREATE (o)-[:PLACED_BY]->(b)
FOREACH (place IN range(0, size(uppers) - 1) |
  FOREACH (u IN [uppers[place]] | CREATE (o)-[:PROMOTED_BY {level: place + 1}]->(u)))
FOREACH (u IN [u IN uppers[..1] WHERE u <> b] |
  MERGE (b)-[t:BOUGHT_THROUGH]->(u)
    ON CREATE SET t.times = 1, t.paid_fen = row.paid_fen, t.first_seen = placed_at, t.last_seen = placed_at
    ON MATCH SET t.times = t.times + 1, t.paid_fen = CASE WHEN t.paid_fen > 9000000000000000000 THEN t.paid_fen ELSE t.paid_fen + row.paid_fen END,
      t.first_seen = CASE WHEN placed_at < t.first_seen THEN placed_at ELSE t.first_seen END,
      t.last_seen = CASE WHEN placed_at > t.last_seen THEN placed_at ELSE t.last_seen END)
FOREACH (i IN row.identifiers |
  MERGE (x:Identifier {key: i.key})
    ON CREATE SET x:$(i.label), x.kind = i.kind, x.brand = row.brand, x.token = i.token, x.links = i.links, x.building = i.building, x.place = i.place
  CREATE (o)-[:NAMES {seq: row.seq}]->(x))
RETURN collect({seq: row.seq, how: how, new_buyer: b.first_order_seq = row.seq, chain: chain, ties: ties}) AS found
