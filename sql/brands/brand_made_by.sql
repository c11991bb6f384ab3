-- name:    brands/brand_made_by
-- does:    Which request made a brand.
-- mode:    read
-- params:  brand: str
-- returns: made_by: bytes?
-- bound:   one row
SELECT made_by FROM brand WHERE brand = %(brand)s;
