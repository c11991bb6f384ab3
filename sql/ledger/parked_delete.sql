-- name:    ledger/parked_delete
-- does:    Forget facts that waited and were applied.
-- mode:    write
-- params:  order_id: list[str], seq: list[int]
-- returns: nothing
-- bound:   what one batch of orders had waiting
DELETE FROM parked_fact p
USING unnest(%(order_id)b::text[], %(seq)b::bigint[]) AS done(order_id, seq)
WHERE p.brand = current_setting('trefoil.brand') AND p.order_id = done.order_id AND p.seq = done.seq;
