INSERT INTO peer_commission (order_id, line_id, level, member_id, amount_fen)
SELECT %(order_id)s, c.line_id, c.level, c.member_id, c.amount_fen
FROM unnest(%(line_ids)s::text[], %(levels)s::int[], %(member_ids)s::text[], %(amounts_fen)s::bigint[])
     AS c (line_id, level, member_id, amount_fen)
