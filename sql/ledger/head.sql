-- name:    ledger/head
-- does:    The last journal's number and hash; none before the first.
-- mode:    read
-- params:  nothing
-- returns: number: int, hash: bytes
-- bound:   one row
SELECT number, hash FROM ledger_head WHERE brand = current_setting('trefoil.brand');
