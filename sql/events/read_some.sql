-- name:    events/read_some
-- does:    Events of the log by their sequence numbers.
-- mode:    read
-- params:  brand: str, seqs: list[int]
-- returns: seq: int, source: str, event_id: str, type: str, subject: str?, time: str, data: map, data_print: bytes, accepted_at: datetime, hash: bytes
-- bound:   as many as numbers are asked for
SELECT seq, source, event_id, type, subject, time, data, data_print, accepted_at, hash
FROM event_log
WHERE brand = %(brand)s AND seq = ANY(%(seqs)s::bigint[])
ORDER BY seq;
