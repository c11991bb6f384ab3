-- Jobs: work on one brand that somebody asked for, done by the worker, kept for a month.

CREATE TABLE job (
  brand         text NOT NULL,
  job_id        text NOT NULL,
  number        bigint GENERATED ALWAYS AS IDENTITY,     -- in the order in which they were asked for
  kind          text NOT NULL,
  params        jsonb NOT NULL,
  state         text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  done          bigint NOT NULL DEFAULT 0,
  total         bigint,
  step          jsonb,                                   -- what the last step left for whoever takes the job up again
  tries         int NOT NULL DEFAULT 0,                  -- how often a worker took it up
  taken_up      text CHECK (taken_up IN ('anew', 'step')),
  cancel_asked  boolean NOT NULL DEFAULT false,
  asked_at      timestamptz NOT NULL,
  started_at    timestamptz,
  finished_at   timestamptz,
  result        jsonb,
  problem       jsonb,
  PRIMARY KEY (brand, job_id)
);
CREATE INDEX job_open ON job (brand, kind, number) WHERE finished_at IS NULL;
CREATE INDEX job_of_kind ON job (brand, kind, state, number DESC);
CREATE INDEX job_finished ON job (brand, finished_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO trefoil_app;
CALL isolate_brands('job');

-- Whoever waits for a job, the worker among them, hears of every change.
CREATE FUNCTION tell_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('trefoil_job', NEW.brand || ' ' || NEW.job_id);
  RETURN NULL;
END $$;
CREATE TRIGGER job_told AFTER INSERT OR UPDATE ON job FOR EACH ROW EXECUTE FUNCTION tell_of_job();

-- Which events a consumer was about to deal with, or failed at, so that a death of the worker counts as a try. Written only
-- after a failure, and while a worker that was just started has not come to the end of the log yet.
CREATE TABLE consumer_try (
  brand      text NOT NULL,
  consumer   text NOT NULL,
  seq        bigint NOT NULL,                            -- the first of them
  events     int NOT NULL,                               -- how many were to be tried together
  tries      int NOT NULL,                               -- how often the first failed alone
  under_way  boolean NOT NULL,                           -- nobody has told yet how it ended
  PRIMARY KEY (brand, consumer)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON consumer_try TO trefoil_app;
CALL isolate_brands('consumer_try');
