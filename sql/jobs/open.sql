-- name:    jobs/open
-- does:    Which kinds of jobs wait or run for which brands, the one that was asked for first at the top.
-- mode:    read
-- params:  nothing
-- returns: brand: str, kind: str, number: int
-- bound:   one row per brand and kind with a job that is not finished
SELECT brand, kind, number FROM jobs_open() ORDER BY number;
