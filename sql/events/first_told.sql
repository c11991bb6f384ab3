-- name:    events/first_told
-- does:    The first event of some types that speaks of each of these members and was not refused or set aside.
-- mode:    read
-- params:  brand: str, member_ids: list[str], types: list[str], consumer: str
-- returns: member_id: str, seq: int
-- bound:   1,000 members (STRETCH_EVENTS_MAX), one index look-up each
SELECT asked.member_id, first.seq
FROM unnest(%(member_ids)s::text[]) AS asked (member_id)
CROSS JOIN LATERAL (
  SELECT e.seq FROM event_log e
  WHERE e.brand = %(brand)s AND e.about_member = asked.member_id AND e.type = ANY(%(types)s::text[])
    AND coalesce((SELECT o.status FROM outcome o
                  WHERE o.brand = %(brand)s AND o.seq = e.seq AND o.consumer = %(consumer)s), 'none')
        NOT IN ('refused', 'failed')
  ORDER BY e.seq LIMIT 1
) AS first;
