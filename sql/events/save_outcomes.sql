-- name:    events/save_outcomes
-- does:    Record what a consumer made of events; a later outcome (parked, then applied) replaces the earlier.
-- mode:    write
-- params:  brand: str, consumer: str
-- rows:    seq: int, status: str, code: str?, detail: map?
-- returns: nothing
-- bound:   1,000 events and what they un-park
INSERT INTO outcome (brand, seq, consumer, status, code, detail)
SELECT %(brand)s, o.seq, %(consumer)s, o.status, o.code, o.detail
FROM unnest(%(seq)b::bigint[], %(status)b::text[], %(code)b::text[], %(detail)b::text[]::jsonb[])
     AS o (seq, status, code, detail)
ON CONFLICT (brand, seq, consumer) DO UPDATE SET status = excluded.status, code = excluded.code, detail = excluded.detail;
