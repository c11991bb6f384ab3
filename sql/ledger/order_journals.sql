-- name:    ledger/order_journals
-- does:    The numbers of the journals about one order, oldest first.
-- mode:    read
-- params:  order_id: str
-- returns: number: int
-- bound:   a few per refund of the order
SELECT number FROM journal
WHERE brand = current_setting('trefoil.brand') AND subject = %(order_id)s
  AND kind NOT IN ('withdrawal', 'rejection', 'rejection_offset')
ORDER BY number;
