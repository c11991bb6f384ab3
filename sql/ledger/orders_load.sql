-- name:    ledger/orders_load
-- does:    The orders of these ids, as the books keep them.
-- mode:    read
-- params:  order_ids: list[str]
-- returns: seq: int, order_id: str, buyer_id: str, channel: str, region: str?, placed_at: datetime, paid_at: datetime,
--          freight_fen: int, new_buyer: bool, data_print: bytes, plan_id: str?, plan_version: int?,
--          after_sales_days: int, decision_id: str, decision_outcome: str, decision_reasons: list[map],
--          chain: list[map], lines: list[map], commissions: list[map], state: str, completed_at: datetime?,
--          cancelled_at: datetime?
-- bound:   one batch of orders (STRETCH_EVENTS_MAX)
SELECT o.seq, o.order_id, o.buyer_id, o.channel, o.region, o.placed_at, o.paid_at, o.freight_fen, o.new_buyer,
       o.data_print, o.plan_id, o.plan_version, o.after_sales_days, o.decision_id, o.decision_outcome,
       o.decision_reasons, o.chain, o.lines, o.commissions, o.state, o.completed_at, o.cancelled_at
FROM paid_order o
WHERE o.brand = current_setting('trefoil.brand') AND o.order_id = ANY(%(order_ids)b::text[]);
