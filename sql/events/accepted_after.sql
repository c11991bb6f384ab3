-- name:    events/accepted_after
-- does:    When the first event after a number was accepted.
-- mode:    read
-- params:  brand: str, after: int
-- returns: accepted_at: datetime
-- bound:   one row
SELECT accepted_at FROM event_log WHERE brand = %(brand)s AND seq > %(after)s ORDER BY seq LIMIT 1;
