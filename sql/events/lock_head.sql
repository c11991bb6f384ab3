-- name:    events/lock_head
-- does:    The head of a brand's log, held until the transaction ends: appends happen one after the other.
-- mode:    write
-- params:  brand: str
-- returns: seq: int, hash: bytes
-- bound:   one row
SELECT seq, hash FROM log_head WHERE brand = %(brand)s FOR UPDATE;
