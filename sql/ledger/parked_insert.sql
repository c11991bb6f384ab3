-- name:    ledger/parked_insert
-- does:    Let facts wait for the payment of their order.
-- mode:    write
-- params:  nothing
-- rows:    order_id: str, seq: int, kind: str, at: datetime, refund_id: str?, lines: list[line]?
-- maps:    line{line_id: str, refund_fen: int, quantity: int?}
-- returns: nothing
-- bound:   one batch of events (STRETCH_EVENTS_MAX)
INSERT INTO parked_fact (brand, order_id, seq, kind, at, refund_id, lines)
SELECT current_setting('trefoil.brand'), p.*
FROM unnest(%(order_id)b::text[], %(seq)b::bigint[], %(kind)b::text[], %(at)b::timestamptz[], %(refund_id)b::text[],
            %(lines)b::text[]::jsonb[]) AS p;
