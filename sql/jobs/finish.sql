-- name:    jobs/finish
-- does:    End a running job.
-- mode:    write
-- params:  brand: str, job_id: str, state: str, result: str?, problem: str?, at: datetime
-- returns: nothing
-- bound:   one row
UPDATE job SET state = %(state)s, result = %(result)s::jsonb, problem = %(problem)s::jsonb, finished_at = %(at)s, step = NULL
WHERE brand = %(brand)s AND job_id = %(job_id)s AND state = 'running';
