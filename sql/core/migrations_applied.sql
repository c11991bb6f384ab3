-- name:    core/migrations_applied
-- does:    The migrations that have run and the functions as they were applied, these named functions/….
-- mode:    read
-- params:  nothing
-- returns: name: str, digest: bytes
-- bound:   one row per file
SELECT name, digest FROM schema_migration ORDER BY name;
