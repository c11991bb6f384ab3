-- name:    privacy/brand_key
-- does:    A brand's key, wrapped by the master key.
-- mode:    read
-- params:  brand: str
-- returns: wrapped_key: bytes
-- bound:   one row
SELECT wrapped_key FROM brand WHERE brand = %(brand)s;
