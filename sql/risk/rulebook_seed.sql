-- name:    risk/rulebook_seed
-- does:    Give a new brand the first version of its rulebook, published.
-- mode:    write
-- params:  brand: str, rules: str, at: datetime
-- returns: nothing
-- bound:   one row
INSERT INTO rulebook (brand, version, rules, author, created_at, published_at)
VALUES (%(brand)s, 1, %(rules)s::jsonb, 'trefoil', %(at)s, %(at)s)
ON CONFLICT (brand, version) DO NOTHING;
