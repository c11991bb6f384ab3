-- name:    risk/blacklist_entry
-- does:    One entry of the blacklist.
-- mode:    read
-- params:  brand: str, entry_id: str
-- returns: entry_id: str, kind: str, token: str, reason: str, listed_at: datetime, listed_by: str, lifted_at: datetime?
-- bound:   one row
SELECT entry_id, kind, token, reason, listed_at, listed_by, lifted_at FROM blacklist_entry
WHERE brand = %(brand)s AND entry_id = %(entry_id)s;
