-- name:    ledger/orders_update
-- does:    Keep what refunds, completions and cancellations made of orders.
-- mode:    write
-- params:  order_id: list[str], lines: list[str], commissions: list[str], state: list[str],
--          completed_at: list[datetime], settles_at: list[datetime], cancelled_at: list[datetime]
-- returns: nothing
-- bound:   one batch of orders (BOOK_EVENTS_MAX)
UPDATE paid_order o
SET lines = c.lines, commissions = c.commissions, state = c.state, completed_at = c.completed_at,
    settles_at = c.settles_at, cancelled_at = c.cancelled_at
FROM unnest(%(order_id)b::text[], %(lines)b::text[]::jsonb[], %(commissions)b::text[]::jsonb[], %(state)b::text[],
            %(completed_at)b::timestamptz[], %(settles_at)b::timestamptz[], %(cancelled_at)b::timestamptz[])
     AS c(order_id, lines, commissions, state, completed_at, settles_at, cancelled_at)
WHERE o.brand = current_setting('trefoil.brand') AND o.order_id = c.order_id;
