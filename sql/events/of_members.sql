-- name:    events/of_members
-- does:    The events that speak of some members, in order, without the lines of orders; what a consumer passed over is
--          left out or stands where it was replayed, each with what the consumer made of it.
-- mode:    read
-- params:  brand: str, consumer: str, member_ids: list[str], types: list[str], upto: int
-- returns: seq: int, type: str, data: map, status: str?, code: str?, detail: map?
-- bound:   the events of 500 members (CONSISTENCY_PAGE), streamed
SELECT l.seq, l.type, l.data, o.status, o.code, o.detail
FROM (  -- a CASE, for row-level security lets no index be entered by a coalesce
  SELECT CASE WHEN a.replayed_by IS NULL THEN e.seq ELSE a.replayed_by END AS seq, e.type,
         CASE WHEN e.data ? 'lines' THEN e.data || '{"lines": []}' ELSE e.data END AS data
  FROM event_log e
  LEFT JOIN LATERAL (
    SELECT seq, replayed_by FROM set_aside WHERE brand = %(brand)s AND consumer = %(consumer)s AND seq = e.seq LIMIT 1
  ) AS a ON true
  WHERE e.brand = %(brand)s AND e.about_member = ANY(%(member_ids)s::text[])
    AND e.type = ANY(%(types)s::text[]) AND (a.seq IS NULL OR a.replayed_by IS NOT NULL)
) AS l
LEFT JOIN LATERAL (
  SELECT status, code, detail FROM outcome WHERE brand = %(brand)s AND seq = l.seq AND consumer = %(consumer)s LIMIT 1
) AS o ON true
WHERE l.seq <= %(upto)s
ORDER BY l.seq;
