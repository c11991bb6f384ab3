-- name:    ledger/order_figures
-- does:    What every order of the books up to a number says of its buyer and chain.
-- mode:    read
-- params:  upto: int
-- returns: order_id: str, buyer_id: str, member_ids: list[str]
-- bound:   the whole book, streamed
SELECT order_id, buyer_id,
       ARRAY(SELECT person ->> 'member_id' FROM jsonb_array_elements(chain) person ORDER BY (person ->> 'level')::int) AS member_ids
FROM paid_order
WHERE brand = current_setting('trefoil.brand') AND seq <= %(upto)s;
