-- name:    events/read
-- does:    Events of the log after a sequence number, in order.
-- mode:    read
-- params:  brand: str, after: int, upto: int, count: int
-- returns: seq: int, source: str, event_id: str, type: str, subject: str?, time: str, data: map, data_print: bytes, accepted_at: datetime
-- bound:   count ≤ 1,000 (PROJECT_EVENTS_MAX)
SELECT seq, source, event_id, type, subject, time, data, data_print, accepted_at
FROM event_log
WHERE brand = %(brand)s AND seq > %(after)s AND seq <= %(upto)s
ORDER BY seq
LIMIT %(count)s;
