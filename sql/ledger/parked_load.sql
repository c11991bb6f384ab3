-- name:    ledger/parked_load
-- does:    What waits for these orders to be paid.
-- mode:    read
-- params:  order_ids: list[str]
-- returns: order_id: str, seq: int, kind: str, at: datetime, refund_id: str?, lines: list[map]?
-- bound:   what one batch of orders has waiting
SELECT p.order_id, p.seq, p.kind, p.at, p.refund_id, p.lines
FROM unnest(%(order_ids)b::text[]) AS wanted(order_id)
JOIN parked_fact p ON p.brand = current_setting('trefoil.brand') AND p.order_id = wanted.order_id;
