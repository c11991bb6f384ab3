-- name:    ledger/parked_delete
-- does:    Forget facts that waited and were applied.
-- mode:    write
-- params:  order_id: list[str], seq: list[int]
-- returns: nothing
-- bound:   what one batch of orders had waiting
DELETE FROM parked_fact  -- a seq names one fact, so the two lists need not be read as pairs
WHERE brand = current_setting('trefoil.brand') AND order_id = ANY(%(order_id)b::text[]) AND seq = ANY(%(seq)b::bigint[]);
