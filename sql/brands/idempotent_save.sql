-- name:    brands/idempotent_save
-- does:    Keep the first answer under an idempotency key.
-- mode:    write
-- params:  brand: str, path: str, key: str, request_hash: bytes, status: int, content_type: str, body: bytes, at: datetime
-- returns: nothing
-- bound:   one row
INSERT INTO idempotent_answer (brand, path, key, request_hash, status, content_type, body, created_at)
VALUES (%(brand)s, %(path)s, %(key)s, %(request_hash)s, %(status)s, %(content_type)s, %(body)s, %(at)s);
