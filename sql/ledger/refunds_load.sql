-- name:    ledger/refunds_load
-- does:    Which of these refund ids were told before.
-- mode:    read
-- params:  refund_ids: list[str]
-- returns: refund_id: str, order_id: str, seq: int, data_print: bytes
-- bound:   one batch of events (BOOK_EVENTS_MAX)
SELECT refund_id, order_id, seq, data_print
FROM order_refund
WHERE brand = current_setting('trefoil.brand') AND refund_id = ANY(%(refund_ids)b::text[]);
