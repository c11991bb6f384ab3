-- name:    events/heads
-- does:    How far every brand's log goes.
-- mode:    read
-- params:  nothing
-- returns: brand: str, seq: int
-- bound:   one row per brand
SELECT brand, seq FROM log_head ORDER BY brand;
