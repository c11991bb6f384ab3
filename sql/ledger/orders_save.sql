-- name:    ledger/orders_save
-- does:    Keep orders; of one that is kept already, what later facts made of it.
-- mode:    write
-- params:  nothing
-- rows:    order_id: str, seq: int, buyer_id: str, channel: str, region: str?, placed_at: datetime,
--          paid_at: datetime, freight_fen: int, new_buyer: bool, data_print: bytes, plan_id: str?,
--          plan_version: int?, after_sales_days: int, decision_id: str, decision_outcome: str,
--          decision_reasons: list[map], chain: list[person], lines: list[line], commissions: list[commission],
--          state: str, completed_at: datetime?, settles_at: datetime?, cancelled_at: datetime?, json_print: bytes
-- maps:    person{level: int, member_id: str, earns: bool, why: str?, grade: str?}
--          line{line_id: str, product_id: str, category: str, quantity: int, paid_fen: int, refunded_fen: int}
--          commission{line_id: str, level: int, member_id: str, rule_id: str, rate_bps: int, earned_fen: int,
--                     clawed_back_fen: int, closed: str?}
-- returns: nothing
-- bound:   one batch of orders (STRETCH_EVENTS_MAX)
INSERT INTO paid_order (brand, order_id, seq, buyer_id, channel, region, placed_at, paid_at, freight_fen, new_buyer,
                        data_print, plan_id, plan_version, after_sales_days, decision_id, decision_outcome,
                        decision_reasons, chain, lines, commissions, state, completed_at, settles_at, cancelled_at,
                        json_print)
SELECT current_setting('trefoil.brand'), o.*
FROM unnest(%(order_id)b::text[], %(seq)b::bigint[], %(buyer_id)b::text[], %(channel)b::text[], %(region)b::text[],
            %(placed_at)b::timestamptz[], %(paid_at)b::timestamptz[], %(freight_fen)b::bigint[],
            %(new_buyer)b::boolean[], %(data_print)b::bytea[], %(plan_id)b::text[], %(plan_version)b::int[],
            %(after_sales_days)b::int[], %(decision_id)b::text[], %(decision_outcome)b::text[],
            %(decision_reasons)b::text[]::jsonb[], %(chain)b::text[]::jsonb[], %(lines)b::text[]::jsonb[],
            %(commissions)b::text[]::jsonb[], %(state)b::text[], %(completed_at)b::timestamptz[],
            %(settles_at)b::timestamptz[], %(cancelled_at)b::timestamptz[], %(json_print)b::bytea[]) AS o
ON CONFLICT (brand, order_id) DO UPDATE
SET lines = excluded.lines, commissions = excluded.commissions, state = excluded.state,
    completed_at = excluded.completed_at, settles_at = excluded.settles_at, cancelled_at = excluded.cancelled_at,
    json_print = excluded.json_print;
