-- name:    events/members_page
-- does:    A page of the members that events speak of, in order, as many as their events allow, at least one.
-- mode:    read
-- params:  brand: str, after: str, count: int, events_max: int
-- returns: member_id: str
-- bound:   count members, one step along the index each, and their entries there
WITH RECURSIVE walk AS (
  (SELECT about_member AS member_id, 1 AS place FROM event_log
   WHERE brand = %(brand)s AND about_member > %(after)s
   ORDER BY about_member LIMIT 1)
  UNION ALL
  SELECT next.member_id, walk.place + 1 FROM walk
  CROSS JOIN LATERAL (
    SELECT about_member AS member_id FROM event_log
    WHERE brand = %(brand)s AND about_member > walk.member_id
    ORDER BY about_member LIMIT 1
  ) AS next
  WHERE walk.place < %(count)s
), counted AS (
  SELECT walk.member_id, walk.place, sum(told.events) OVER (ORDER BY walk.place) AS events
  FROM walk
  CROSS JOIN LATERAL (
    SELECT count(*) AS events FROM event_log WHERE brand = %(brand)s AND about_member = walk.member_id
  ) AS told
)
SELECT member_id FROM counted WHERE place = 1 OR events <= %(events_max)s ORDER BY place;
