-- name:    risk/blacklist_page
-- does:    A page of the blacklist by entry id.
-- mode:    read
-- params:  brand: str, after: str, count: int
-- returns: entry_id: str, kind: str, token: str, reason: str, listed_at: datetime, listed_by: str, lifted_at: datetime?
-- bound:   count ≤ 200 (PAGE_ITEMS_MAX)
SELECT entry_id, kind, token, reason, listed_at, listed_by, lifted_at FROM blacklist_entry
WHERE brand = %(brand)s AND entry_id > %(after)s ORDER BY entry_id LIMIT %(count)s;
