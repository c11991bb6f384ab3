-- name:    brands/keys_add
-- does:    Keep the hashes of a brand's keys.
-- mode:    write
-- params:  brand: str, hashes: list[bytes], roles: list[str], persons: list[str], at: datetime
-- returns: nothing
-- bound:   eight keys
INSERT INTO api_key (key_hash, brand, role, person, created_at)
SELECT k.key_hash, %(brand)s, k.role, k.person, %(at)s
FROM unnest(%(hashes)s::bytea[], %(roles)s::text[], %(persons)s::text[]) AS k (key_hash, role, person);
