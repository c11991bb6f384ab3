-- name:    privacy/add_member_keys
-- does:    Keep new members' wrapped keys; whoever came first keeps theirs.
-- mode:    write
-- params:  brand: str, created_at: datetime
-- rows:    member_id: str, wrapped_key: bytes
-- returns: nothing
-- bound:   1,000 members
INSERT INTO member_key (brand, member_id, wrapped_key, created_at)
SELECT %(brand)s, k.member_id, k.wrapped_key, %(created_at)s
FROM unnest(%(member_id)b::text[], %(wrapped_key)b::bytea[]) AS k (member_id, wrapped_key)
ON CONFLICT (brand, member_id) DO NOTHING;
