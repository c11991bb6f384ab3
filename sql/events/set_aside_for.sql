-- name:    events/set_aside_for
-- does:    Whether a consumer passed over an event that nobody but this replay had dealt with.
-- mode:    read
-- params:  brand: str, consumer: str, seq: int, replay: int
-- returns: seq: int
-- bound:   one row
SELECT seq FROM set_aside
WHERE brand = %(brand)s AND consumer = %(consumer)s AND seq = %(seq)s
  AND (replayed_by IS NULL OR replayed_by = %(replay)s);
