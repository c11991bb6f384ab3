-- name:    privacy/add_member_keys
-- does:    Keep new members' wrapped keys; whoever came first keeps theirs.
-- mode:    write
-- params:  brand: str, member_ids: list[str], wrapped_keys: list[bytes], created_at: datetime
-- returns: nothing
-- bound:   1,000 members
INSERT INTO member_key (brand, member_id, wrapped_key, created_at)
SELECT %(brand)s, k.member_id, k.wrapped_key, %(created_at)s
FROM unnest(%(member_ids)s::text[], %(wrapped_keys)s::bytea[]) AS k (member_id, wrapped_key)
ON CONFLICT (brand, member_id) DO NOTHING;
