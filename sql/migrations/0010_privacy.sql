-- A member is forgotten by destroying its key: every process that holds the key hears of it and drops it.

CREATE FUNCTION tell_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('trefoil_forgotten', OLD.brand || ' ' || OLD.member_id);
  RETURN NULL;
END $$;
CREATE TRIGGER member_key_destroyed AFTER UPDATE ON member_key
  FOR EACH ROW WHEN (OLD.wrapped_key IS NOT NULL AND NEW.wrapped_key IS DISTINCT FROM OLD.wrapped_key)
  EXECUTE FUNCTION tell_forgotten();
CREATE TRIGGER member_key_deleted AFTER DELETE ON member_key
  FOR EACH ROW EXECUTE FUNCTION tell_forgotten();

-- Logins of people who read with a tool of their own. The roles may read the views of the schema people and nothing else;
-- which brand a login sees stands here, for what a session says of itself (trefoil.brand) anybody could say.
DO $$ BEGIN
  FOR role IN 1..3 LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = (ARRAY['trefoil_analyst', 'trefoil_finance', 'trefoil_auditor'])[role]) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOBYPASSRLS', (ARRAY['trefoil_analyst', 'trefoil_finance', 'trefoil_auditor'])[role]);
    END IF;
  END LOOP;
END $$;

CREATE TABLE db_login (
  login       text PRIMARY KEY,
  brand       text NOT NULL REFERENCES brand,
  role        text NOT NULL CHECK (role IN ('analyst', 'finance', 'auditor')),
  created_at  timestamptz NOT NULL
);
CALL isolate_brands('db_login');

DO $$ BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
