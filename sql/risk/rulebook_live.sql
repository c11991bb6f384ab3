-- name:    risk/rulebook_live
-- does:    The published rulebook with the highest version.
-- mode:    read
-- params:  brand: str
-- returns: version: int, rules: list[map]
-- bound:   one row
SELECT version, rules FROM rulebook
WHERE brand = %(brand)s AND published_at IS NOT NULL ORDER BY version DESC LIMIT 1;
