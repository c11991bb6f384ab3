-- Rulebooks, decisions and the blacklist.

CREATE TABLE rulebook (
  brand         text NOT NULL,
  version       int NOT NULL,
  rules         jsonb NOT NULL,
  author        text NOT NULL,
  created_at    timestamptz NOT NULL,
  published_at  timestamptz,
  PRIMARY KEY (brand, version)
);

CREATE TABLE decision (
  brand             text NOT NULL,
  decision_id       text NOT NULL,
  number            bigint GENERATED ALWAYS AS IDENTITY,  -- which of two decisions of an order came later
  check_id          text,                                 -- null: decided when the order was booked
  stage             text NOT NULL,
  order_id          text NOT NULL,
  after_seq         bigint NOT NULL,                      -- the head of the log when it was made
  outcome           text NOT NULL CHECK (outcome IN ('allow', 'review', 'block')),
  score             int NOT NULL,
  reasons           jsonb NOT NULL,
  missing           text[] NOT NULL,
  features          jsonb NOT NULL,
  rulebook_version  int NOT NULL,
  evaluated_at      timestamptz NOT NULL,
  request_print     text,                                 -- keyed hash of the checked order
  worsens           text,                                 -- the earlier decision that this one carries on
  PRIMARY KEY (brand, decision_id),
  UNIQUE (brand, check_id)
);
CREATE INDEX decision_order ON decision (brand, order_id, number);
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decision
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE blacklist_entry (
  brand      text NOT NULL,
  entry_id   text NOT NULL,
  kind       text NOT NULL,
  token      text NOT NULL,
  reason     text NOT NULL,
  listed_at  timestamptz NOT NULL,
  listed_by  text NOT NULL,
  lifted_at  timestamptz,
  lifted_by  text,
  PRIMARY KEY (brand, entry_id)
);

GRANT SELECT, INSERT ON rulebook, decision TO trefoil_app;
GRANT SELECT, INSERT, UPDATE ON blacklist_entry TO trefoil_app;
CALL isolate_brands('rulebook', 'decision', 'blacklist_entry');

-- Saves decisions of one brand in one statement, so that a check costs one round trip: it enters the brand by itself.
CREATE FUNCTION save_decisions(brand_ text, decisions jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('trefoil.brand', brand_, true);
  RETURN QUERY
  INSERT INTO decision AS d (brand, decision_id, check_id, stage, order_id, after_seq, outcome, score, reasons, missing,
                             features, rulebook_version, evaluated_at, request_print, worsens)
  SELECT brand_, n.decision_id, n.check_id, n.stage, n.order_id,
         coalesce(n.after_seq, (SELECT h.seq FROM log_head h WHERE h.brand = brand_)),
         n.outcome, n.score, n.reasons, n.missing, n.features, n.rulebook_version, n.evaluated_at, n.request_print, n.worsens
  FROM jsonb_to_recordset(decisions)
       AS n (decision_id text, check_id text, stage text, order_id text, after_seq bigint, outcome text, score int,
             reasons jsonb, missing text[], features jsonb, rulebook_version int, evaluated_at timestamptz,
             request_print text, worsens text)
  ON CONFLICT (brand, check_id) DO NOTHING
  RETURNING d.decision_id;
END $$;
