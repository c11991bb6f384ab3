-- name:    events/of_members
-- does:    The events that speak of some members, in order, as far as the graph is made of them; what a consumer passed over
--          is left out or stands where it was replayed, each with the effects that the consumer recorded.
-- mode:    read
-- params:  brand: str, consumer: str, member_ids: list[str], types: list[str], upto: int
-- returns: events: list[any]
-- bound:   500 members (CONSISTENCY_PAGE) with 20,000 events (CONSISTENCY_EVENTS_MAX) between them, or one
-- One row for the whole page, as text: a row costs the driver more than what stands in it. An event: member_id, seq, type,
-- order_id, seen_at, identifiers, effects; what it has not is null.
SELECT coalesce(json_agg(json_build_array(
         l.member_id, l.seq, l.type, l.order_id, l.seen_at, l.identifiers, o.detail - 'ties') ORDER BY l.seq), '[]') AS events
FROM (  -- a CASE, for row-level security lets no index be entered by a coalesce
  SELECT e.about_member AS member_id, e.type,
         CASE WHEN a.replayed_by IS NULL THEN e.seq ELSE a.replayed_by END AS seq,
         e.data->>'order_id' AS order_id, e.data->>'seen_at' AS seen_at, e.data->'identifiers' AS identifiers
  FROM event_log e
  LEFT JOIN LATERAL (
    SELECT seq, replayed_by FROM set_aside WHERE brand = %(brand)s AND consumer = %(consumer)s AND seq = e.seq LIMIT 1
  ) AS a ON true
  WHERE e.brand = %(brand)s AND e.about_member = ANY(%(member_ids)s::text[])
    AND e.type = ANY(%(types)s::text[]) AND (a.seq IS NULL OR a.replayed_by IS NOT NULL)
) AS l
LEFT JOIN LATERAL (
  SELECT detail FROM outcome WHERE brand = %(brand)s AND seq = l.seq AND consumer = %(consumer)s LIMIT 1
) AS o ON true
WHERE l.seq <= %(upto)s;
