-- name:    risk/rulebook_version
-- does:    One version of the rulebook.
-- mode:    read
-- params:  brand: str, version: int
-- returns: version: int, rules: list[map]
-- bound:   one row
SELECT version, rules FROM rulebook WHERE brand = %(brand)s AND version = %(version)s;
