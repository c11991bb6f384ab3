-- name:    events/set_aside_page
-- does:    The latest events that consumers passed over and that were not replayed.
-- mode:    read
-- params:  brand: str, count: int
-- returns: seq: int, consumer: str, error: str, at: datetime
-- bound:   count ≤ 200 (PAGE_ITEMS_MAX)
SELECT seq, consumer, error, at FROM set_aside
WHERE brand = %(brand)s AND replayed_by IS NULL
ORDER BY seq DESC, consumer
LIMIT %(count)s;
