-- name:    core/migrations_mark
-- does:    Remember that a migration ran, or a function was applied, and with which text.
-- mode:    write
-- params:  name: str, digest: bytes
-- returns: nothing
-- bound:   one row
INSERT INTO schema_migration (name, digest) VALUES (%(name)s, %(digest)s)
ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, applied_at = now();
