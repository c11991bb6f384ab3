-- name:    privacy/member_keys
-- does:    The wrapped keys of members, those destroyed as null.
-- mode:    read
-- params:  brand: str, member_ids: list[str]
-- returns: member_id: str, wrapped_key: bytes?
-- bound:   one row per member asked for
SELECT member_id, wrapped_key FROM member_key WHERE brand = %(brand)s AND member_id = ANY(%(member_ids)s::text[]);
