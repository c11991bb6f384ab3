-- name:    events/never_told
-- does:    Those of some members of whom no event of some types speaks that was not refused or set aside.
-- mode:    read
-- params:  brand: str, member_ids: list[str], types: list[str], consumer: str
-- returns: member_id: str
-- bound:   500 members (CONSISTENCY_PAGE), one index look-up each
SELECT asked.member_id
FROM unnest(%(member_ids)s::text[]) AS asked (member_id)
LEFT JOIN LATERAL (
  SELECT e.seq FROM event_log e
  WHERE e.brand = %(brand)s AND e.about_member = asked.member_id AND e.type = ANY(%(types)s::text[])
    AND coalesce((SELECT o.status FROM outcome o
                  WHERE o.brand = %(brand)s AND o.seq = e.seq AND o.consumer = %(consumer)s), 'none')
        NOT IN ('refused', 'failed')
  ORDER BY e.seq LIMIT 1
) AS first ON true
WHERE first.seq IS NULL;
