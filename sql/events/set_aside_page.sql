-- name:    events/set_aside_page
-- does:    The latest events that consumers passed over and that were not replayed, before one of them.
-- mode:    read
-- params:  brand: str, before: int, before_consumer: str, count: int
-- returns: seq: int, consumer: str, error: str, at: datetime
-- bound:   count ≤ 201 (PAGE_ITEMS_MAX and one)
SELECT seq, consumer, error, at FROM set_aside
WHERE brand = %(brand)s AND replayed_by IS NULL AND (seq, consumer) < (%(before)s, %(before_consumer)s)
ORDER BY seq DESC, consumer DESC
LIMIT %(count)s;
