-- name:    ledger/orders_save
-- does:    Keep orders; of one that is kept already, what later facts made of it.
-- mode:    write
-- params:  order_id: list[str], seq: list[int], buyer_id: list[str], channel: list[str], region: list[str],
--          placed_at: list[datetime], paid_at: list[datetime], freight_fen: list[int], new_buyer: list[bool],
--          data_print: list[bytes], plan_id: list[str], plan_version: list[int], after_sales_days: list[int],
--          decision_id: list[str], decision_outcome: list[str], decision_reasons: list[str], chain: list[str],
--          lines: list[str], commissions: list[str], state: list[str], completed_at: list[datetime],
--          settles_at: list[datetime], cancelled_at: list[datetime]
-- returns: nothing
-- bound:   one batch of orders (STRETCH_EVENTS_MAX)
INSERT INTO paid_order (brand, order_id, seq, buyer_id, channel, region, placed_at, paid_at, freight_fen, new_buyer,
                        data_print, plan_id, plan_version, after_sales_days, decision_id, decision_outcome,
                        decision_reasons, chain, lines, commissions, state, completed_at, settles_at, cancelled_at)
SELECT current_setting('trefoil.brand'), o.*
FROM unnest(%(order_id)b::text[], %(seq)b::bigint[], %(buyer_id)b::text[], %(channel)b::text[], %(region)b::text[],
            %(placed_at)b::timestamptz[], %(paid_at)b::timestamptz[], %(freight_fen)b::bigint[],
            %(new_buyer)b::boolean[], %(data_print)b::bytea[], %(plan_id)b::text[], %(plan_version)b::int[],
            %(after_sales_days)b::int[], %(decision_id)b::text[], %(decision_outcome)b::text[],
            %(decision_reasons)b::text[]::jsonb[], %(chain)b::text[]::jsonb[], %(lines)b::text[]::jsonb[],
            %(commissions)b::text[]::jsonb[], %(state)b::text[], %(completed_at)b::timestamptz[],
            %(settles_at)b::timestamptz[], %(cancelled_at)b::timestamptz[]) AS o
ON CONFLICT (brand, order_id) DO UPDATE
SET lines = excluded.lines, commissions = excluded.commissions, state = excluded.state,
    completed_at = excluded.completed_at, settles_at = excluded.settles_at, cancelled_at = excluded.cancelled_at;
