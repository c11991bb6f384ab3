-- name:    events/set_aside_replayed
-- does:    Note which event had a passed-over one dealt with.
-- mode:    write
-- params:  brand: str, consumer: str
-- rows:    seq: int, replayed_by: int
-- returns: nothing
-- bound:   1,000 events (STRETCH_EVENTS_MAX)
UPDATE set_aside SET replayed_by = r.replayed_by
FROM unnest(%(seq)b::bigint[], %(replayed_by)b::bigint[]) AS r (seq, replayed_by)
WHERE brand = %(brand)s AND consumer = %(consumer)s AND set_aside.seq = r.seq;
