-- name:    ledger/journal_hash
-- does:    The hash of the chain at one journal.
-- mode:    read
-- params:  number: int
-- returns: hash: bytes
-- bound:   one row
SELECT hash FROM journal WHERE brand = current_setting('trefoil.brand') AND number = %(number)s;
