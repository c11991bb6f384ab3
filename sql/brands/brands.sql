-- name:    brands/brands
-- does:    Every brand of the installation, that of its owner first.
-- mode:    read
-- params:  nothing
-- returns: brand: str, currency: str, time_zone: str, created_at: datetime, owns_installation: bool
-- bound:   one row per brand
SELECT brand, currency, time_zone, created_at, owns_installation FROM brand ORDER BY owns_installation DESC, created_at, brand;
