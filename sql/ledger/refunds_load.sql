-- name:    ledger/refunds_load
-- does:    Which of these refund ids were told before.
-- mode:    read
-- params:  refund_ids: list[str]
-- returns: refund_id: str, order_id: str, seq: int, data_print: bytes
-- bound:   one batch of events (BOOK_EVENTS_MAX)
SELECT r.refund_id, r.order_id, r.seq, r.data_print
FROM unnest(%(refund_ids)b::text[]) AS wanted(refund_id)
JOIN order_refund r ON r.brand = current_setting('trefoil.brand') AND r.refund_id = wanted.refund_id;
