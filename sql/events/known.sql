-- name:    events/known
-- does:    Which of these events the log already holds.
-- mode:    read
-- params:  brand: str, sources: list[str], ids: list[str]
-- returns: source: str, event_id: str, seq: int, fingerprint: bytes
-- bound:   1,000 pairs (EVENTS_PER_BATCH_MAX)
SELECT l.source, l.event_id, l.seq, l.fingerprint
FROM unnest(%(sources)s::text[], %(ids)s::text[]) AS asked (source, event_id)
CROSS JOIN LATERAL (  -- the limit keeps it one look-up for each, however large the log
  SELECT source, event_id, seq, fingerprint FROM event_log
  WHERE brand = %(brand)s AND source = asked.source AND event_id = asked.event_id
  LIMIT 1
) AS l;
