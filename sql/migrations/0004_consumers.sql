-- Consumers: names are open, an event knows its cost, what cannot be dealt with is set aside.

ALTER TABLE event_log ADD COLUMN cost int;              -- in rows, for batches bounded by work; null: from before

ALTER TABLE outcome RENAME COLUMN book TO consumer;
ALTER TABLE outcome DROP CONSTRAINT outcome_book_check;
ALTER TABLE outcome DROP CONSTRAINT outcome_status_check;
ALTER TABLE outcome ADD CONSTRAINT outcome_status_check
  CHECK (status IN ('applied', 'parked', 'refused', 'none', 'failed'));

-- Events a consumer passed over after tries in vain. A row stays for ever: whoever reads the log again passes over the
-- same events, and meets them where the log says that they were replayed.
CREATE TABLE set_aside (
  brand        text NOT NULL,
  consumer     text NOT NULL,
  seq          bigint NOT NULL,
  error        text NOT NULL,
  at           timestamptz NOT NULL,
  replayed_by  bigint,                                   -- the event that had it dealt with
  PRIMARY KEY (brand, consumer, seq)
);
GRANT SELECT, INSERT, UPDATE ON set_aside TO trefoil_app;

-- What is wrong with a consumer of a brand; no row: nothing.
CREATE TABLE consumer_trouble (
  brand     text NOT NULL,
  consumer  text NOT NULL,
  trouble   text NOT NULL,                               -- diverged, rebuilding, failing
  detail    text NOT NULL,
  since     timestamptz NOT NULL,
  PRIMARY KEY (brand, consumer)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON consumer_trouble TO trefoil_app;

CALL isolate_brands('set_aside', 'consumer_trouble');

-- The events that speak of one member, in order: of an order its buyer's.
CREATE INDEX event_of_member ON event_log (brand, (coalesce(data->>'member_id', data->>'buyer_id')), seq);

-- A refund's id is unique within its order.
ALTER TABLE order_refund DROP CONSTRAINT order_refund_pkey;
ALTER TABLE order_refund ADD PRIMARY KEY (brand, order_id, refund_id);

-- Sums over any number of orders of any size have no bound.
ALTER TABLE member_sales ALTER COLUMN own_gmv_fen TYPE numeric(38, 0), ALTER COLUMN commission_fen TYPE numeric(38, 0);
