-- name:    jobs/page
-- does:    A page of the jobs of some kinds in some states, the latest first.
-- mode:    read
-- params:  brand: str, kinds: list[str], states: list[str], before: int, count: int
-- returns: job_id: str, number: int, kind: str, params: map, state: str, done: int, total: int?, step: any, tries: int,
--          taken_up: str?, started_at: datetime?, finished_at: datetime?, result: map?, problem: map?
-- bound:   count rows of each kind and state
SELECT latest.*
FROM unnest(%(kinds)s::text[]) AS asked_kind (kind)
CROSS JOIN unnest(%(states)s::text[]) AS asked_state (state)
CROSS JOIN LATERAL (
  SELECT job_id, number, kind, params, state, done, total, step, tries, taken_up, started_at, finished_at, result, problem
  FROM job
  WHERE brand = %(brand)s AND kind = asked_kind.kind AND state = asked_state.state AND number < %(before)s
  ORDER BY number DESC LIMIT %(count)s
) AS latest
ORDER BY latest.number DESC LIMIT %(count)s;
