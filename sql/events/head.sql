-- name:    events/head
-- does:    How far a brand's log goes.
-- mode:    read
-- params:  brand: str
-- returns: seq: int, hash: bytes
-- bound:   one row
SELECT seq, hash FROM log_head WHERE brand = %(brand)s;
