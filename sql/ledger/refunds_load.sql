-- name:    ledger/refunds_load
-- does:    Which of these refunds, by order and id, were told before.
-- mode:    read
-- params:  order_ids: list[str], refund_ids: list[str]
-- returns: refund_id: str, order_id: str, seq: int, data_print: bytes
-- bound:   one batch of events (STRETCH_EVENTS_MAX)
SELECT told.refund_id, told.order_id, told.seq, told.data_print
FROM unnest(%(order_ids)b::text[], %(refund_ids)b::text[]) AS asked (order_id, refund_id)
CROSS JOIN LATERAL (
  SELECT refund_id, order_id, seq, data_print FROM order_refund
  WHERE brand = current_setting('trefoil.brand') AND order_id = asked.order_id AND refund_id = asked.refund_id
  LIMIT 1
) AS told;
