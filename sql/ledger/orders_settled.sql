-- name:    ledger/orders_settled
-- does:    Mark orders as settled; nothing else of them changes.
-- mode:    write
-- params:  order_ids: list[str]
-- returns: nothing
-- bound:   one batch of orders (SETTLE_ORDERS_MAX)
UPDATE paid_order SET state = 'settled'
WHERE brand = current_setting('trefoil.brand') AND order_id = ANY(%(order_ids)b::text[]);
