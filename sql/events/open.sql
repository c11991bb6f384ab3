-- name:    events/open
-- does:    Begin a brand's log.
-- mode:    write
-- params:  brand: str, hash: bytes
-- returns: nothing
-- bound:   one row
INSERT INTO log_head (brand, seq, hash) VALUES (%(brand)s, 0, %(hash)s);
