-- name:    events/chain
-- does:    The whole log of a brand in order, with what each hash covers.
-- mode:    read
-- params:  brand: str
-- returns: seq: int, source: str, event_id: str, type: str, subject: str?, time: str, data: map, accepted_at: datetime, hash: bytes
-- bound:   the length of the log, streamed
SELECT seq, source, event_id, type, subject, time, data, accepted_at, hash
FROM event_log WHERE brand = %(brand)s ORDER BY seq;
