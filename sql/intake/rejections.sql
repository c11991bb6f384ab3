-- name:    intake/rejections
-- does:    Refused events that were not sent again with success, newest first.
-- mode:    read
-- params:  brand: str, before: datetime, before_id: str, count: int
-- returns: rejection_id: str, source: str?, event_id: str?, type: str?, via: str, received_at: datetime, problem: map, shown: map?
-- bound:   count ≤ 200 (PAGE_ITEMS_MAX)
SELECT rejection_id, source, event_id, type, via, received_at, problem, shown
FROM event_rejection
WHERE brand = %(brand)s AND resent_seq IS NULL AND (received_at, rejection_id) < (%(before)s, %(before_id)s)
ORDER BY received_at DESC, rejection_id DESC
LIMIT %(count)s;
