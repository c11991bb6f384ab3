-- name:    brands/brand_add
-- does:    Make a brand unless there is one of this name.
-- mode:    write
-- params:  brand: str, currency: str, time_zone: str, at: datetime, owner: bool, wrapped_key: bytes, made_by: bytes?
-- returns: brand: str
-- bound:   one row
INSERT INTO brand (brand, currency, time_zone, created_at, owns_installation, wrapped_key, made_by)
VALUES (%(brand)s, %(currency)s, %(time_zone)s, %(at)s, %(owner)s, %(wrapped_key)s, %(made_by)s)
ON CONFLICT (brand) DO NOTHING
RETURNING brand;
