-- name:    events/set_aside_count
-- does:    How many events each consumer of a brand passed over and has not dealt with since, counted up to a limit.
-- mode:    read
-- params:  brand: str, count_max: int
-- returns: consumer: str, events: int
-- bound:   count_max rows are looked at
SELECT consumer, count(*) AS events
FROM (SELECT consumer FROM set_aside WHERE brand = %(brand)s AND replayed_by IS NULL
      ORDER BY seq DESC LIMIT %(count_max)s) AS waiting
GROUP BY consumer;
