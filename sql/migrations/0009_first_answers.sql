-- First answers of keyed writes belong to a person too, are claimed before the work and hold no secrets.

-- What was kept before says nothing of whose answer it is, and may hold keys and tokens in clear: it is forgotten.
DROP TABLE idempotent_answer;

CREATE TABLE first_answer (
  brand          text NOT NULL,
  person         text NOT NULL,     -- role and name: a member may be called like somebody of the staff
  path_print     bytea NOT NULL,    -- keyed hash: a path is as long as its caller likes
  key            text NOT NULL,
  request_print  bytea NOT NULL,
  claimed_by     text,              -- who works on it; nobody once the answer is there
  claimed_until  timestamptz,       -- from then on it may be taken over: whoever had it was killed
  status         int,
  headers        jsonb,
  body           bytea,
  created_at     timestamptz NOT NULL,
  PRIMARY KEY (brand, person, path_print, key),
  CHECK (num_nonnulls(claimed_by, claimed_until) IN (0, 2)),
  CHECK (num_nonnulls(status, headers, body) IN (0, 3)),
  CHECK ((status IS NULL) = (claimed_by IS NOT NULL))
);
CREATE INDEX first_answer_age ON first_answer (brand, created_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON first_answer TO trefoil_app;
CALL isolate_brands('first_answer');

-- What waits to be replayed is listed page by page, in one order.
DROP INDEX set_aside_waiting;
CREATE INDEX set_aside_waiting ON set_aside (brand, seq, consumer) WHERE replayed_by IS NULL;

-- What is no object cannot be shown as an event: it is masked whole, which says nothing.
UPDATE event_rejection SET shown = NULL WHERE jsonb_typeof(shown) <> 'object';

-- Who made a brand and was killed before the answer is told that it did: its keys are gone, the brand is its own.
ALTER TABLE brand ADD COLUMN made_by bytea;
