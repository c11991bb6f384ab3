-- name:    jobs/is_open
-- does:    Whether a job of a kind waits or runs.
-- mode:    read
-- params:  brand: str, kind: str
-- returns: number: int
-- bound:   one row
SELECT number FROM job WHERE brand = %(brand)s AND kind = %(kind)s AND finished_at IS NULL ORDER BY number LIMIT 1;
