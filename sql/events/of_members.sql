-- name:    events/of_members
-- does:    The events that speak of some members, in order, without the lines of orders; what a consumer passed over is
--          left out or stands where it was replayed, each with what the consumer made of it.
-- mode:    read
-- params:  brand: str, consumer: str, member_ids: list[str], types: list[str], upto: int
-- returns: seq: int, type: str, data: map, status: str?, code: str?, detail: map?
-- bound:   the events of 500 members (CONSISTENCY_PAGE), streamed
SELECT l.seq, l.type, l.data, o.status, o.code, o.detail
FROM (
  SELECT coalesce(a.replayed_by, e.seq) AS seq, e.type,
         CASE WHEN e.data ? 'lines' THEN e.data || '{"lines": []}' ELSE e.data END AS data
  FROM event_log e
  LEFT JOIN set_aside a ON a.brand = %(brand)s AND a.consumer = %(consumer)s AND a.seq = e.seq
  WHERE e.brand = %(brand)s AND coalesce(e.data->>'member_id', e.data->>'buyer_id') = ANY(%(member_ids)s::text[])
    AND e.type = ANY(%(types)s::text[]) AND (a.seq IS NULL OR a.replayed_by IS NOT NULL)
) AS l
LEFT JOIN outcome o ON o.brand = %(brand)s AND o.seq = l.seq AND o.consumer = %(consumer)s
WHERE l.seq <= %(upto)s
ORDER BY l.seq;
