-- name:    brands/key_holder
-- does:    Whose key this is.
-- mode:    read
-- params:  key_hash: bytes
-- returns: brand: str, role: str, person: str, owns_installation: bool
-- bound:   one row
SELECT k.brand, k.role, k.person, b.owns_installation FROM api_key k JOIN brand b ON b.brand = k.brand
WHERE k.key_hash = %(key_hash)s AND k.revoked_at IS NULL;
