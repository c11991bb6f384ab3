-- name:    events/append
-- does:    Append events and move the head, under the lock on the head.
-- mode:    write
-- params:  brand: str, seqs: list[int], sources: list[str], ids: list[str], types: list[str], subjects: list[str],
--          times: list[str], data: list[str], costs: list[int], extensions: list[str], fingerprints: list[bytes], data_prints: list[bytes],
--          hashes: list[bytes], accepted_at: datetime
-- returns: nothing
-- bound:   1,000 events (EVENTS_PER_BATCH_MAX)
WITH appended AS (
  INSERT INTO event_log (brand, seq, source, event_id, type, subject, time, data, extensions, fingerprint, data_print,
                         accepted_at, hash, cost)
  SELECT %(brand)s, e.seq, e.source, e.event_id, e.type, e.subject, e.time, e.data::jsonb, e.extensions::jsonb,
         e.fingerprint, e.data_print, %(accepted_at)s, e.hash, e.cost
  FROM unnest(%(seqs)s::bigint[], %(sources)s::text[], %(ids)s::text[], %(types)s::text[], %(subjects)s::text[],
              %(times)s::text[], %(data)s::text[], %(extensions)s::text[], %(fingerprints)s::bytea[],
              %(data_prints)s::bytea[], %(hashes)s::bytea[], %(costs)s::bigint[])
       AS e (seq, source, event_id, type, subject, time, data, extensions, fingerprint, data_print, hash, cost)
  RETURNING seq, hash
)
UPDATE log_head SET seq = last.seq, hash = last.hash
FROM (SELECT seq, hash FROM appended ORDER BY seq DESC LIMIT 1) AS last
WHERE brand = %(brand)s;
