-- name:    brands/key_holder
-- does:    Whose key this is.
-- mode:    read
-- params:  key_hash: bytes
-- returns: brand: str, role: str, person: str
-- bound:   one row
SELECT brand, role, person FROM api_key WHERE key_hash = %(key_hash)s AND revoked_at IS NULL;
