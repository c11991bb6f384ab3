-- The plain version of a shop's commissions: no double entry, no idempotency, no history.
CREATE TABLE peer_member (
  member_id    text PRIMARY KEY,
  above        text,
  balance_fen  bigint NOT NULL DEFAULT 0
);
CREATE TABLE peer_identifier (
  member_id  text NOT NULL,
  kind       text NOT NULL,
  value      text NOT NULL,
  PRIMARY KEY (member_id, kind, value)
);
CREATE INDEX peer_identifier_value ON peer_identifier (kind, value);
CREATE TABLE peer_event (
  source  text NOT NULL,
  id      text NOT NULL,
  type    text NOT NULL,
  time    timestamptz NOT NULL,
  data    jsonb NOT NULL,
  PRIMARY KEY (source, id)
);
CREATE TABLE peer_order (
  order_id  text PRIMARY KEY,
  buyer_id  text NOT NULL,
  paid_fen  bigint NOT NULL,
  paid_at   timestamptz NOT NULL
);
CREATE TABLE peer_commission (
  order_id    text NOT NULL,
  line_id     text NOT NULL,
  level       int NOT NULL,
  member_id   text NOT NULL,
  amount_fen  bigint NOT NULL,
  PRIMARY KEY (order_id, line_id, level)
);
CREATE TABLE peer_decision (
  check_id    text PRIMARY KEY,
  outcome     text NOT NULL,
  decided_at  timestamptz NOT NULL DEFAULT now()
);
