-- name:    ledger/parked_load
-- does:    What waits for these orders to be paid.
-- mode:    read
-- params:  order_ids: list[str]
-- maps:    line{line_id: str, refund_fen: int, quantity: int?}
-- returns: order_id: str, seq: int, kind: str, at: datetime, refund_id: str?, lines: list[line]?
-- bound:   what one batch of orders has waiting
SELECT order_id, seq, kind, at, refund_id, lines
FROM parked_fact
WHERE brand = current_setting('trefoil.brand') AND order_id = ANY(%(order_ids)b::text[]);
