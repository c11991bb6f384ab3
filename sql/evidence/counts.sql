-- name:    evidence/counts
-- does:    How many rows the platform has written into each table.
-- mode:    read
-- params:  nothing
-- returns: book: str, rows: int
-- bound:   one row for each table; reads what was written since the evidence was folded last
SELECT book, sum(row_count)::bigint AS rows FROM evidence
WHERE brand = current_setting('trefoil.brand')
GROUP BY book
ORDER BY book;
