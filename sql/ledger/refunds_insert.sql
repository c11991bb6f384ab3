-- name:    ledger/refunds_insert
-- does:    Remember refund ids that were told.
-- mode:    write
-- params:  nothing
-- rows:    refund_id: str, order_id: str, seq: int, data_print: bytes
-- returns: nothing
-- bound:   one batch of events (STRETCH_EVENTS_MAX)
INSERT INTO order_refund (brand, refund_id, order_id, seq, data_print)
SELECT current_setting('trefoil.brand'), r.*
FROM unnest(%(refund_id)b::text[], %(order_id)b::text[], %(seq)b::bigint[], %(data_print)b::bytea[]) AS r;
