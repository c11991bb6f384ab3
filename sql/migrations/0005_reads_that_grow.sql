-- Indexes for every list and look-up, so that none reads a brand's whole table.

-- The member an event speaks of, of an order its buyer. Row-level security lets an index be entered only by comparisons
-- that cannot leak what they see; those of a column can be trusted so, those of an expression over JSON cannot.
ALTER TABLE event_log ADD COLUMN about_member text
  GENERATED ALWAYS AS (coalesce(data->>'member_id', data->>'buyer_id')) STORED;
DROP INDEX event_of_member;
CREATE INDEX event_of_member ON event_log (brand, about_member, seq) WHERE about_member IS NOT NULL;

-- A member's statement in its order, to the place.
DROP INDEX entry_of_member;
CREATE INDEX entry_of_member ON entry (brand, member_id, number, place) WHERE member_id IS NOT NULL;

CREATE INDEX withdrawal_of_status ON withdrawal (brand, status, seq);
CREATE INDEX set_aside_waiting ON set_aside (brand, seq DESC, consumer) WHERE replayed_by IS NULL;
CREATE INDEX event_rejection_waiting ON event_rejection (brand, received_at, rejection_id) WHERE resent_seq IS NULL;

DROP INDEX idempotent_answer_age;
CREATE INDEX idempotent_answer_age ON idempotent_answer (brand, created_at);
