-- name:    log/save_outcomes
-- does:    Record what a book made of events; a later outcome (parked, then applied) replaces the earlier.
-- mode:    write
-- params:  brand: str, book: str, seqs: list[int], statuses: list[str], codes: list[str], details: list[str]
-- returns: nothing
-- bound:   1,000 events and what they un-park
INSERT INTO outcome (brand, seq, book, status, code, detail)
SELECT %(brand)s, o.seq, %(book)s, o.status, o.code, o.detail::jsonb
FROM unnest(%(seqs)s::bigint[], %(statuses)s::text[], %(codes)s::text[], %(details)s::text[]) AS o (seq, status, code, detail)
ON CONFLICT (brand, seq, book) DO UPDATE SET status = excluded.status, code = excluded.code, detail = excluded.detail;
