INSERT INTO peer_event (source, id, type, time, data)
SELECT e.source, e.id, e.type, e.time, e.data::jsonb
FROM unnest(%(sources)s::text[], %(ids)s::text[], %(types)s::text[], %(times)s::timestamptz[], %(data)s::text[])
     AS e (source, id, type, time, data)
