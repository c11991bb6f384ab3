-- name:    ledger/orders_settled
-- does:    Mark orders as settled; nothing else of them changes.
-- mode:    write
-- params:  order_ids: list[str]
-- returns: nothing
-- bound:   one batch of orders (SETTLE_ORDERS_MAX)
UPDATE paid_order o SET state = 'settled'
FROM unnest(%(order_ids)b::text[]) AS wanted(order_id)
WHERE o.brand = current_setting('trefoil.brand') AND o.order_id = wanted.order_id;
