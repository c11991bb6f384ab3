-- name:    events/read
-- does:    The next events of the log after a sequence number, in order, as many as a budget of rows holds; at least one.
-- mode:    read
-- params:  brand: str, after: int, upto: int, count: int, cost_max: int
-- returns: seq: int, source: str, event_id: str, type: str, subject: str?, time: str, data: map, data_print: bytes, accepted_at: datetime, hash: bytes
-- bound:   count ≤ 1,000 (STRETCH_EVENTS_MAX), cost_max (STRETCH_COST_MAX)
-- An event from before costs were kept is judged by its stored size.
SELECT seq, source, event_id, type, subject, time, data, data_print, accepted_at, hash
FROM (
  SELECT seq, source, event_id, type, subject, time, data, data_print, accepted_at, hash,
         sum(coalesce(cost, 1 + pg_column_size(data) / 20)) OVER (ORDER BY seq) AS spent
  FROM (SELECT * FROM event_log
        WHERE brand = %(brand)s AND seq > %(after)s AND seq <= %(upto)s ORDER BY seq LIMIT %(count)s) AS next
) AS costed
WHERE spent <= %(cost_max)s OR seq = %(after)s + 1
ORDER BY seq;
