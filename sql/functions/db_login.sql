-- Logins for people with a database tool: made and ended by the owner of the database alone.

-- Makes a login of a brand and role, or gives one that is there another password (as a SCRAM verifier, so that the password
-- itself is in no log of the server). It reads the views of its role; two sessions at a time, no question longer than a minute.
CREATE OR REPLACE FUNCTION make_db_login(p_login text, p_brand text, p_role text, p_verifier text, p_at timestamptz)
RETURNS boolean LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM brand WHERE brand = p_brand) THEN RETURN false; END IF;
  INSERT INTO db_login (login, brand, role, created_at) VALUES (p_login, p_brand, p_role, p_at)
  ON CONFLICT (login) DO UPDATE SET created_at = excluded.created_at;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_login) THEN
    EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', p_login);
  END IF;
  EXECUTE format('ALTER ROLE %I LOGIN CONNECTION LIMIT 2 PASSWORD %L', p_login, p_verifier);
  EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', p_login);
  EXECUTE format('ALTER ROLE %I SET statement_timeout = ''60s''', p_login);
  EXECUTE format('ALTER ROLE %I SET search_path = people', p_login);
  EXECUTE format('GRANT %I TO %I', 'trefoil_' || p_role, p_login);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION make_db_login FROM PUBLIC;

-- Ends a login, its sessions too; false where there is none.
CREATE OR REPLACE FUNCTION end_db_login(p_login text) RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM db_login WHERE login = p_login;
  IF NOT FOUND THEN RETURN false; END IF;
  EXECUTE format('ALTER ROLE %I NOLOGIN', p_login);
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = p_login;
  EXECUTE format('DROP ROLE %I', p_login);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION end_db_login FROM PUBLIC;

-- Counts over all brands are for the platform's own metrics.
REVOKE ALL ON FUNCTION consumer_health FROM PUBLIC;
GRANT EXECUTE ON FUNCTION consumer_health TO trefoil_app;
