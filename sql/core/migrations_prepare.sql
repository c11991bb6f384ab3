-- name:    core/migrations_prepare
-- does:    Make the table of migrations and hold it, so that one process migrates at a time.
-- mode:    write
-- params:  nothing
-- returns: nothing
-- bound:   one table
DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('trefoil migrations', 0));
  CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY, digest bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
END $$;
