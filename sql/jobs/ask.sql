-- name:    jobs/ask
-- does:    Ask for a job.
-- mode:    write
-- params:  brand: str, job_id: str, kind: str, params: str, at: datetime
-- returns: nothing
-- bound:   one row
INSERT INTO job (brand, job_id, kind, params, state, asked_at)
VALUES (%(brand)s, %(job_id)s, %(kind)s, %(params)s::jsonb, 'queued', %(at)s);
