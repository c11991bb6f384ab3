-- name:    jobs/standing
-- does:    The first job of a kind in one of some states that was asked for with the same parameters.
-- mode:    read
-- params:  brand: str, kind: str, states: list[str], params: str
-- returns: job_id: str
-- bound:   the jobs of a kind that are not finished
SELECT job_id FROM job
WHERE brand = %(brand)s AND kind = %(kind)s AND finished_at IS NULL
  AND state = ANY(%(states)s::text[]) AND params = %(params)s::jsonb
ORDER BY number LIMIT 1;
