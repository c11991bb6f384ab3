-- name:    ledger/order_sizes
-- does:    How many lines these orders have, and how many lines wait for them in parked facts; an order with neither is absent.
-- mode:    read
-- params:  order_ids: list[str]
-- returns: order_id: str, lines: int, waiting: int
-- bound:   one stretch of the log (STRETCH_EVENTS_MAX)
SELECT asked.order_id, coalesce(jsonb_array_length(o.lines), 0)::bigint AS lines, coalesce(w.waiting, 0)::bigint AS waiting
FROM unnest(%(order_ids)b::text[]) AS asked (order_id)
LEFT JOIN LATERAL (
  SELECT order_id, lines FROM paid_order
  WHERE brand = current_setting('trefoil.brand') AND order_id = asked.order_id
  LIMIT 1
) AS o ON true
LEFT JOIN LATERAL (
  SELECT sum(1 + coalesce(jsonb_array_length(p.lines), 0)) AS waiting FROM parked_fact p
  WHERE p.brand = current_setting('trefoil.brand') AND p.order_id = asked.order_id
) AS w ON true
WHERE o.order_id IS NOT NULL OR w.waiting IS NOT NULL;
