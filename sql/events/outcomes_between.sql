-- name:    events/outcomes_between
-- does:    What one consumer made of a stretch of the log.
-- mode:    read
-- params:  brand: str, consumer: str, after: int, upto: int
-- returns: seq: int, status: str, code: str?, detail: map?
-- bound:   1,000 events (STRETCH_EVENTS_MAX)
SELECT seq, status, code, detail FROM outcome
WHERE brand = %(brand)s AND consumer = %(consumer)s AND seq > %(after)s AND seq <= %(upto)s ORDER BY seq;
