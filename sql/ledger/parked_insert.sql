-- name:    ledger/parked_insert
-- does:    Let facts wait for the payment of their order.
-- mode:    write
-- params:  order_id: list[str], seq: list[int], kind: list[str], at: list[datetime], refund_id: list[str],
--          lines: list[str]
-- returns: nothing
-- bound:   one batch of events (STRETCH_EVENTS_MAX)
INSERT INTO parked_fact (brand, order_id, seq, kind, at, refund_id, lines)
SELECT current_setting('trefoil.brand'), p.*
FROM unnest(%(order_id)b::text[], %(seq)b::bigint[], %(kind)b::text[], %(at)b::timestamptz[], %(refund_id)b::text[],
            %(lines)b::text[]::jsonb[]) AS p;
