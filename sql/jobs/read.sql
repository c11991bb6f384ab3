-- name:    jobs/read
-- does:    One job.
-- mode:    read
-- params:  brand: str, job_id: str
-- returns: job_id: str, number: int, kind: str, params: map, state: str, done: int, total: int?, step: any, tries: int,
--          taken_up: str?, started_at: datetime?, finished_at: datetime?, result: map?, problem: map?
-- bound:   one row
SELECT job_id, number, kind, params, state, done, total, step, tries, taken_up, started_at, finished_at, result, problem
FROM job WHERE brand = %(brand)s AND job_id = %(job_id)s;
