-- name:    risk/listed_of_members
-- does:    What some members have that stands on the blacklist, from and until which number of the log.
-- mode:    read
-- params:  brand: str, member_ids: list[str], after: int
-- returns: kind: str, token: str, from_seq: int, until_seq: int?, member_id: str
-- bound:   4,000 members (STRETCH_EVENTS_MAX orders of a buyer and LEVELS_MAX persons), 100 entries of one identifier
SELECT known.kind, known.token, greatest(known.seq, entry.listed_seq) AS from_seq, entry.lifted_seq AS until_seq, known.member_id
FROM member_identifier known
CROSS JOIN LATERAL (
  SELECT e.listed_seq, e.lifted_seq
  FROM blacklist_entry e
  WHERE e.brand = %(brand)s AND e.kind = known.kind AND e.token = known.token AND (e.lifted_seq IS NULL OR e.lifted_seq > %(after)s)
  ORDER BY e.listed_seq
  LIMIT 100
) AS entry
WHERE known.brand = %(brand)s AND known.member_id = ANY(%(member_ids)s::text[]);
