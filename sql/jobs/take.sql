-- name:    jobs/take
-- does:    Take up the job of a kind that a worker left behind, else the first that waits.
-- mode:    write
-- params:  brand: str, kind: str, at: datetime
-- returns: job_id: str, number: int, kind: str, params: map, state: str, done: int, total: int?, step: any, tries: int,
--          taken_up: str?, started_at: datetime?, finished_at: datetime?, result: map?, problem: map?
-- bound:   one row; whoever calls holds the turn of this brand and kind
UPDATE job SET
  state = 'running',
  tries = tries + 1,
  taken_up = CASE WHEN started_at IS NULL THEN NULL WHEN step IS NULL THEN 'anew' ELSE 'step' END,
  done = CASE WHEN step IS NULL THEN 0 ELSE done END,
  started_at = coalesce(started_at, %(at)s)
WHERE brand = %(brand)s AND job_id = (
  SELECT job_id FROM job WHERE brand = %(brand)s AND kind = %(kind)s AND finished_at IS NULL
  ORDER BY state = 'running' DESC, number LIMIT 1
)
RETURNING job_id, number, kind, params, state, done, total, step, tries, taken_up, started_at, finished_at, result, problem;
