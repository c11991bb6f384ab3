-- name:    events/set_aside_among
-- does:    Which of these events a consumer passes over.
-- mode:    read
-- params:  brand: str, consumer: str, seqs: list[int]
-- returns: seq: int
-- bound:   1,000 events (STRETCH_EVENTS_MAX)
SELECT seq FROM set_aside
WHERE brand = %(brand)s AND consumer = %(consumer)s AND seq = ANY(%(seqs)s::bigint[]);
