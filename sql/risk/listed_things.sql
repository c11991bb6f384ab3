-- name:    risk/listed_things
-- does:    Which of some members and identifiers stand on the blacklist, from and until which number of the log.
-- mode:    read
-- params:  brand: str, kinds: list[str], tokens: list[str], after: int
-- returns: kind: str, token: str, from_seq: int, until_seq: int?
-- bound:   10,000 things (STRETCH_EVENTS_MAX orders with all they name), 100 entries of one
SELECT asked.kind, asked.token, entry.listed_seq AS from_seq, entry.lifted_seq AS until_seq
FROM unnest(%(kinds)s::text[], %(tokens)s::text[]) AS asked (kind, token)
CROSS JOIN LATERAL (
  SELECT e.listed_seq, e.lifted_seq
  FROM blacklist_entry e
  WHERE e.brand = %(brand)s AND e.kind = asked.kind AND e.token = asked.token AND (e.lifted_seq IS NULL OR e.lifted_seq > %(after)s)
  ORDER BY e.listed_seq
  LIMIT 100
) AS entry;
