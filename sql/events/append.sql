-- name:    events/append
-- does:    Append events and move the head, under the lock on the head.
-- mode:    write
-- params:  brand: str, accepted_at: datetime
-- rows:    seq: int, source: str, event_id: str, type: str, subject: str?, time: str, data: str, extensions: str?,
--          fingerprint: bytes, data_print: bytes, hash: bytes, cost: int
-- returns: nothing
-- bound:   1,000 events (EVENTS_PER_BATCH_MAX)
WITH appended AS (
  INSERT INTO event_log (brand, seq, source, event_id, type, subject, time, data, extensions, fingerprint, data_print,
                         accepted_at, hash, cost)
  SELECT %(brand)s, e.seq, e.source, e.event_id, e.type, e.subject, e.time, e.data::jsonb, e.extensions::jsonb,
         e.fingerprint, e.data_print, %(accepted_at)s, e.hash, e.cost
  FROM unnest(%(seq)b::bigint[], %(source)b::text[], %(event_id)b::text[], %(type)b::text[], %(subject)b::text[],
              %(time)b::text[], %(data)b::text[], %(extensions)b::text[], %(fingerprint)b::bytea[],
              %(data_print)b::bytea[], %(hash)b::bytea[], %(cost)b::bigint[])
       AS e (seq, source, event_id, type, subject, time, data, extensions, fingerprint, data_print, hash, cost)
  RETURNING seq, hash
)
UPDATE log_head SET seq = last.seq, hash = last.hash
FROM (SELECT seq, hash FROM appended ORDER BY seq DESC LIMIT 1) AS last
WHERE brand = %(brand)s;
