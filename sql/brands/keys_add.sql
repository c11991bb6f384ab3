-- name:    brands/keys_add
-- does:    Keep the hashes of a brand's keys.
-- mode:    write
-- params:  brand: str, at: datetime
-- rows:    key_hash: bytes, role: str, person: str
-- returns: nothing
-- bound:   eight keys
INSERT INTO api_key (key_hash, brand, role, person, created_at)
SELECT k.key_hash, %(brand)s, k.role, k.person, %(at)s
FROM unnest(%(key_hash)b::bytea[], %(role)b::text[], %(person)b::text[]) AS k (key_hash, role, person);
