-- name:    jobs/tell
-- does:    Tell how far a running job has come, and keep what its last step left, where it left something: then it got
--          on, and losing its worker counts from here.
-- mode:    write
-- params:  brand: str, job_id: str, done: int, total: int?, step: str?
-- returns: cancel_asked: bool
-- bound:   one row
UPDATE job SET done = %(done)s, total = %(total)s, step = coalesce(%(step)s::jsonb, step),
  tries = CASE WHEN %(step)s::jsonb IS NULL THEN tries ELSE 0 END
WHERE brand = %(brand)s AND job_id = %(job_id)s AND state = 'running'
RETURNING cancel_asked;
