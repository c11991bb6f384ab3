-- name:    events/hash_at
-- does:    The hash of a brand's chain at one event.
-- mode:    read
-- params:  brand: str, seq: int
-- returns: hash: bytes
-- bound:   one row
SELECT hash FROM event_log WHERE brand = %(brand)s AND seq = %(seq)s;
