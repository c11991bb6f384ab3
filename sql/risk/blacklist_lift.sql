-- name:    risk/blacklist_lift
-- does:    End one entry of the blacklist.
-- mode:    write
-- params:  brand: str, entry_id: str, seq: int, at: datetime, actor: str
-- returns: nothing
-- bound:   one row
UPDATE blacklist_entry SET lifted_seq = %(seq)s, lifted_at = %(at)s, lifted_by = %(actor)s
WHERE brand = %(brand)s AND entry_id = %(entry_id)s AND lifted_at IS NULL;
