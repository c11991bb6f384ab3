-- name:    core/migrations_mark
-- does:    Remember that a migration ran.
-- mode:    write
-- params:  name: str, digest: bytes
-- returns: nothing
-- bound:   one row
INSERT INTO schema_migration (name, digest) VALUES (%(name)s, %(digest)s);
