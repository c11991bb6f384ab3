-- name:    events/set_aside_by_whom
-- does:    Which of these consumers passed over an event and have not dealt with it since, unless by this replay.
-- mode:    read
-- params:  brand: str, consumers: list[str], seq: int, replay: int?
-- returns: consumer: str
-- bound:   one row per consumer
SELECT consumer FROM set_aside
WHERE brand = %(brand)s AND consumer = ANY(%(consumers)s::text[]) AND seq = %(seq)s
  AND (replayed_by IS NULL OR replayed_by = %(replay)s::bigint);
