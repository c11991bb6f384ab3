-- name:    events/set_aside
-- does:    Remember that a consumer passes over events; those it passed over before stay as they are.
-- mode:    write
-- params:  brand: str, consumer: str, at: datetime
-- rows:    seq: int, error: str
-- returns: nothing
-- bound:   1,000 events (STRETCH_EVENTS_MAX)
INSERT INTO set_aside (brand, consumer, seq, error, at)
SELECT %(brand)s, %(consumer)s, a.seq, a.error, %(at)s
FROM unnest(%(seq)b::bigint[], %(error)b::text[]) AS a (seq, error)
ON CONFLICT (brand, consumer, seq) DO NOTHING;
