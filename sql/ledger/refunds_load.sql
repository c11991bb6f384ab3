-- name:    ledger/refunds_load
-- does:    Which of these refunds, by order and id, were told before.
-- mode:    read
-- params:  order_ids: list[str], refund_ids: list[str]
-- returns: refund_id: str, order_id: str, seq: int, data_print: bytes
-- bound:   one batch of events (STRETCH_EVENTS_MAX)
SELECT refund_id, order_id, seq, data_print
FROM order_refund
JOIN unnest(%(order_ids)b::text[], %(refund_ids)b::text[]) AS asked (order_id, refund_id) USING (order_id, refund_id)
WHERE brand = current_setting('trefoil.brand');
