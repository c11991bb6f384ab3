-- What a decision was made on, so that a paid order can be compared with what its check saw; what of members may stand on
-- the blacklist, so that it is asked where it is kept; and the default rulebook as it is now.

ALTER TABLE decision ADD COLUMN saw jsonb;      -- buyer, promoter, amount, tokens by kind; null: decided before it was kept
ALTER TABLE decision ADD COLUMN differs jsonb;  -- {decision_id, fields}: the check it was compared with, and what was not the same
ALTER TABLE decision ADD COLUMN place smallint NOT NULL DEFAULT 0;  -- 1: what was answered in the stead of the one at 0
ALTER TABLE decision DROP CONSTRAINT decision_brand_check_id_key;
ALTER TABLE decision ADD CONSTRAINT decision_of_check UNIQUE (brand, check_id, place);

-- The numbers in the log say what was listed when an order came, however the log is cut into stretches.
ALTER TABLE blacklist_entry ADD COLUMN listed_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE blacklist_entry ADD COLUMN lifted_seq bigint;
UPDATE blacklist_entry SET lifted_seq = 0 WHERE lifted_at IS NOT NULL;
CREATE INDEX blacklist_of_thing ON blacklist_entry (brand, kind, token, listed_seq);

-- Every identifier a member was seen with that may stand on the blacklist.
CREATE TABLE member_identifier (
  brand      text NOT NULL,
  member_id  text NOT NULL,
  kind       text NOT NULL,
  token      text NOT NULL,
  seq        bigint NOT NULL,  -- the event that told it first
  PRIMARY KEY (brand, member_id, kind, token)
);
INSERT INTO member_identifier
SELECT e.brand, e.data->>'member_id', i->>'kind', i->'value'->>'token', min(e.seq)
FROM event_log e, jsonb_array_elements(e.data->'identifiers') AS i
WHERE e.type = 'member.identified.v1' AND i->>'kind' <> 'address' AND i->'value'->>'token' IS NOT NULL
GROUP BY 1, 2, 3, 4;
GRANT SELECT, INSERT ON member_identifier TO trefoil_app;
CALL isolate_brands('member_identifier');

-- Brands that are decided by the platform's own rules are decided by those of now.
INSERT INTO rulebook (brand, version, rules, author, created_at, published_at)
SELECT r.brand, r.version + 1, $rules$[{"rule": "self_purchase", "when": "named_self", "outcome": "block", "points": 100, "message": "the order names its own buyer as promoter"},
 {"rule": "same_identity", "when": "identity_ties > 0", "outcome": "block", "points": 100, "message": "the buyer has the unionid or ID card of a person who would be paid"},
 {"rule": "shared_ties", "when": "strong_ties > 1", "outcome": "block", "points": 90, "message": "two or more of payout account, phone and device are shared with persons who would be paid"},
 {"rule": "shared_tie", "when": "strong_ties == 1", "outcome": "review", "points": 50, "message": "a payout account, phone or device is shared with a person who would be paid"},
 {"rule": "buyer_in_chain", "when": "buyer_in_chain", "outcome": "review", "points": 40, "message": "the buyer stands in the chain that would be paid"},
 {"rule": "blacklisted", "when": "blacklisted > 0", "outcome": "review", "points": 60, "message": "a person or an identifier of the order is on the blacklist"},
 {"rule": "blacklist_mark", "when": "blacklist_marks > 0", "outcome": "allow", "points": 10, "message": "an IP address of the order or its people is listed"},
 {"rule": "device_buyers", "when": "device_buyers >= 12", "outcome": "review", "points": 40, "message": "twelve or more buyers on one device within ten minutes"},
 {"rule": "device_velocity", "when": "device_orders > 30", "outcome": "review", "points": 30, "message": "more than thirty orders from one device in an hour"},
 {"rule": "payout_velocity", "when": "payout_account_orders > 30", "outcome": "review", "points": 30, "message": "more than thirty orders name one payout account"},
 {"rule": "address_velocity", "when": "address_orders > 60", "outcome": "review", "points": 20, "message": "more than sixty orders to one address in an hour"},
 {"rule": "buyer_velocity", "when": "buyer_orders > 20", "outcome": "allow", "points": 20, "message": "more than twenty orders of one buyer within an hour"},
 {"rule": "ip_velocity", "when": "ip_orders > 60", "outcome": "allow", "points": 10, "message": "more than sixty orders from one IP address within an hour"}]$rules$, 'trefoil', now(), now()
FROM rulebook r
WHERE r.author = 'trefoil' AND NOT EXISTS (SELECT FROM rulebook later WHERE later.brand = r.brand AND later.version > r.version);
CALL begin_evidence('decision', 'blacklist_entry', 'rulebook');  -- other columns, other rows
