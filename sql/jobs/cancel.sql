-- name:    jobs/cancel
-- does:    Ask a running job to stop at its next step; one that waits is over at once, a finished one stays as it is.
-- mode:    write
-- params:  brand: str, job_id: str, at: datetime
-- returns: nothing
-- bound:   one row
UPDATE job SET
  cancel_asked = true,
  finished_at = CASE WHEN state = 'queued' THEN %(at)s::timestamptz END,
  state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END
WHERE brand = %(brand)s AND job_id = %(job_id)s AND state IN ('queued', 'running');
