-- name:    risk/blacklist_list
-- does:    Keep one entry of the blacklist.
-- mode:    write
-- params:  brand: str, entry_id: str, kind: str, token: str, reason: str, seq: int, at: datetime, actor: str
-- returns: nothing
-- bound:   one row
INSERT INTO blacklist_entry (brand, entry_id, kind, token, reason, listed_seq, listed_at, listed_by)
VALUES (%(brand)s, %(entry_id)s, %(kind)s, %(token)s, %(reason)s, %(seq)s, %(at)s, %(actor)s)
ON CONFLICT (brand, entry_id) DO NOTHING;
