-- name:    ledger/orders_load
-- does:    The orders of these ids, as the books keep them.
-- mode:    read
-- params:  order_ids: list[str]
-- maps:    person{level: int, member_id: str, earns: bool, why: str?, grade: str?}
--          line{line_id: str, product_id: str, category: str, quantity: int, paid_fen: int, refunded_fen: int}
--          commission{line_id: str, level: int, member_id: str, rule_id: str, rate_bps: int, earned_fen: int,
--                     clawed_back_fen: int, closed: str?}
-- returns: order_id: str, seq: int, buyer_id: str, channel: str, region: str?, placed_at: datetime,
--          paid_at: datetime, freight_fen: int, new_buyer: bool, data_print: bytes, plan_id: str?,
--          plan_version: int?, after_sales_days: int, decision_id: str, decision_outcome: str,
--          decision_reasons: list[map], chain: list[person], lines: list[line], commissions: list[commission],
--          state: str, completed_at: datetime?, settles_at: datetime?, cancelled_at: datetime?
-- bound:   one batch of orders (STRETCH_EVENTS_MAX)
SELECT o.order_id, o.seq, o.buyer_id, o.channel, o.region, o.placed_at, o.paid_at, o.freight_fen, o.new_buyer,
       o.data_print, o.plan_id, o.plan_version, o.after_sales_days, o.decision_id, o.decision_outcome,
       o.decision_reasons, o.chain, o.lines, o.commissions, o.state, o.completed_at,
       o.settles_at, o.cancelled_at
FROM paid_order o
WHERE o.brand = current_setting('trefoil.brand') AND o.order_id = ANY(%(order_ids)b::text[]);
