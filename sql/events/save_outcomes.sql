-- name:    events/save_outcomes
-- does:    Record what a consumer made of events; a later outcome (parked, then applied) replaces the earlier.
-- mode:    write
-- params:  brand: str, consumer: str, outcomes: str
-- returns: nothing
-- bound:   1,000 events and what they un-park, as one JSON array
INSERT INTO outcome (brand, seq, consumer, status, code, detail)
SELECT %(brand)s, o.seq, %(consumer)s, o.status, o.code, nullif(o.detail, 'null')
FROM jsonb_to_recordset(%(outcomes)s::jsonb) AS o (seq bigint, status text, code text, detail jsonb)
ON CONFLICT (brand, seq, consumer) DO UPDATE SET status = excluded.status, code = excluded.code, detail = excluded.detail;
