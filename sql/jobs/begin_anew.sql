-- name:    jobs/begin_anew
-- does:    Say of a job that was taken up again that what its last step left is of no use.
-- mode:    write
-- params:  brand: str, job_id: str
-- returns: nothing
-- bound:   one row
UPDATE job SET done = 0, step = NULL, taken_up = 'anew'
WHERE brand = %(brand)s AND job_id = %(job_id)s AND state = 'running';
