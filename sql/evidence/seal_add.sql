-- name:    evidence/seal_add
-- does:    Keep a seal.
-- mode:    write
-- params:  number: int, sealed_at: datetime, document: str
-- returns: nothing
-- bound:   one row
INSERT INTO seal (brand, number, sealed_at, document)
VALUES (current_setting('trefoil.brand'), %(number)s, %(sealed_at)s, %(document)s::jsonb);
