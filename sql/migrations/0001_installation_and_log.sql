-- The installation, its brands and keys, and the event log of each brand.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trefoil_app') THEN
    CREATE ROLE trefoil_app NOLOGIN NOBYPASSRLS;
  END IF;
  EXECUTE format('GRANT trefoil_app TO %I', current_user);
END $$;
GRANT USAGE ON SCHEMA public TO trefoil_app;

CREATE TABLE installation (
  only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  clock          text NOT NULL CHECK (clock IN ('real', 'simulated')),
  simulated_now  timestamptz
);
GRANT SELECT, INSERT, UPDATE ON installation TO trefoil_app;

-- Tables of the installation: they name brands but hold nothing of them, so they carry no row-level security.
CREATE TABLE brand (
  brand        text PRIMARY KEY,
  currency     text NOT NULL,
  time_zone    text NOT NULL,
  created_at   timestamptz NOT NULL,
  owns_installation boolean NOT NULL DEFAULT false,   -- its admin sees and adds brands
  wrapped_key  bytea NOT NULL,
  key_version  int NOT NULL DEFAULT 1
);
GRANT SELECT, INSERT ON brand TO trefoil_app;

CREATE TABLE api_key (
  key_hash    bytea PRIMARY KEY,                       -- SHA-256 of the key: keys are random, so no salt is needed
  brand       text NOT NULL REFERENCES brand,
  role        text NOT NULL,
  person      text NOT NULL,                           -- who acts; four eyes compare persons, not roles
  created_at  timestamptz NOT NULL,
  revoked_at  timestamptz
);
GRANT SELECT, INSERT ON api_key TO trefoil_app;

CREATE TABLE log_head (
  brand  text PRIMARY KEY REFERENCES brand,
  seq    bigint NOT NULL DEFAULT 0,
  hash   bytea NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON log_head TO trefoil_app;

CREATE TABLE event_log (
  brand        text NOT NULL,
  seq          bigint NOT NULL,
  source       text NOT NULL,
  event_id     text NOT NULL,
  type         text NOT NULL,
  subject      text,
  time         text NOT NULL,                          -- as it was sent: part of what makes two events the same
  data         jsonb NOT NULL,                         -- personal values sealed
  extensions   jsonb,                                  -- unknown envelope attributes, kept and ignored
  fingerprint  bytea NOT NULL,                         -- keyed hash of type, subject, time and data as they came
  data_print   bytea NOT NULL,                         -- keyed hash of data alone
  accepted_at  timestamptz NOT NULL,
  hash         bytea NOT NULL,
  PRIMARY KEY (brand, seq),
  UNIQUE (brand, source, event_id)
);

CREATE TABLE event_rejection (
  brand         text NOT NULL,
  rejection_id  text NOT NULL,
  source        text,
  event_id      text,
  type          text,
  via           text NOT NULL,
  received_at   timestamptz NOT NULL,
  problem       jsonb NOT NULL,
  shown         jsonb,                                 -- the event with every value but known impersonal ones masked
  sealed        bytea NOT NULL,                        -- the event as it came
  content       bytea NOT NULL,                        -- keyed hash: the same refusal again is one row
  resent_seq    bigint,
  PRIMARY KEY (brand, rejection_id),
  UNIQUE (brand, content)
);

CREATE TABLE member_key (
  brand         text NOT NULL,
  member_id     text NOT NULL,
  wrapped_key   bytea,                                 -- null: destroyed, the person is forgotten
  created_at    timestamptz NOT NULL,
  destroyed_at  timestamptz,
  PRIMARY KEY (brand, member_id)
);

CREATE TABLE watermark (
  brand     text NOT NULL,
  consumer  text NOT NULL,
  seq       bigint NOT NULL,
  PRIMARY KEY (brand, consumer)
);

-- What each book made of an event; written in the transaction of its effects. Absent rows mean the type's ordinary outcome.
CREATE TABLE outcome (
  brand   text NOT NULL,
  seq     bigint NOT NULL,
  book    text NOT NULL CHECK (book IN ('graph', 'ledger')),
  status  text NOT NULL CHECK (status IN ('applied', 'parked', 'refused', 'none')),
  code    text,
  detail  jsonb,
  PRIMARY KEY (brand, seq, book)
);

CREATE TABLE idempotent_answer (
  brand         text NOT NULL,
  path          text NOT NULL,
  key           text NOT NULL,
  request_hash  bytea NOT NULL,
  status        int NOT NULL,
  content_type  text NOT NULL,
  body          bytea NOT NULL,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (brand, path, key)
);
CREATE INDEX idempotent_answer_age ON idempotent_answer (created_at);

-- The log is append-only for everybody, the owner's mistakes included.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON event_log, outcome TO trefoil_app;
GRANT UPDATE ON outcome TO trefoil_app;
GRANT SELECT, INSERT, UPDATE ON event_rejection, member_key, watermark TO trefoil_app;
GRANT SELECT, INSERT, DELETE ON idempotent_answer TO trefoil_app;

-- Row-level security: one procedure for every table with a brand column, now and in later migrations.
CREATE PROCEDURE isolate_brands(VARIADIC tables regclass[]) LANGUAGE plpgsql AS $$
DECLARE t regclass;
BEGIN
  FOREACH t IN ARRAY tables LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY one_brand ON %s TO trefoil_app USING (brand = current_setting(''trefoil.brand'', true)) '
                   'WITH CHECK (brand = current_setting(''trefoil.brand'', true))', t);
    -- a brand the statistics have not seen yet would be planned as if it had no rows, by scanning all it has
    EXECUTE format('ALTER TABLE %s ALTER COLUMN brand SET STATISTICS 0', t);
  END LOOP;
END $$;
CALL isolate_brands('event_log', 'event_rejection', 'member_key', 'watermark', 'outcome', 'idempotent_answer');
