-- name:    intake/reject
-- does:    Keep refused events: sealed as they came, with the problem; the same refusal again is one row.
-- mode:    write
-- params:  brand: str, via: str, received_at: datetime
-- rows:    rejection_id: str, source: str?, event_id: str?, type: str?, problem: str, shown: str, sealed: bytes,
--          content: bytes
-- returns: nothing
-- bound:   1,000 events (EVENTS_PER_BATCH_MAX)
INSERT INTO event_rejection (brand, rejection_id, source, event_id, type, via, received_at, problem, shown, sealed, content)
SELECT %(brand)s, r.rejection_id, r.source, r.event_id, r.type, %(via)s, %(received_at)s, r.problem::jsonb,
       r.shown::jsonb, r.sealed, r.content
FROM unnest(%(rejection_id)b::text[], %(source)b::text[], %(event_id)b::text[], %(type)b::text[], %(problem)b::text[],
            %(shown)b::text[], %(sealed)b::bytea[], %(content)b::bytea[])
     AS r (rejection_id, source, event_id, type, problem, shown, sealed, content)
ON CONFLICT (brand, content) DO NOTHING;
