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
