-- name:    brands/idempotent_read
-- does:    The first answer under an idempotency key.
-- mode:    read
-- params:  brand: str, path: str, key: str
-- returns: request_hash: bytes, status: int, content_type: str, body: bytes
-- bound:   one row
SELECT request_hash, status, content_type, body FROM idempotent_answer
WHERE brand = %(brand)s AND path = %(path)s AND key = %(key)s;
