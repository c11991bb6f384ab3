-- name:    events/read_some
-- does:    Events of the log by their sequence numbers.
-- mode:    read
-- params:  brand: str, seqs: list[int]
-- returns: seq: int, source: str, event_id: str, type: str, subject: str?, time: str, data: map, data_print: bytes, accepted_at: datetime, hash: bytes
-- bound:   as many as numbers are asked for
SELECT l.seq, l.source, l.event_id, l.type, l.subject, l.time, l.data, l.data_print, l.accepted_at, l.hash
FROM (SELECT DISTINCT unnest(%(seqs)s::bigint[]) AS seq) AS asked
CROSS JOIN LATERAL (SELECT * FROM event_log WHERE brand = %(brand)s AND seq = asked.seq LIMIT 1) AS l
ORDER BY l.seq;
