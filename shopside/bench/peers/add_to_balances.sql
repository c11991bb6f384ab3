-- Locked in one order of members, so that two sales never wait for each other in a circle.
WITH owed AS (
  SELECT c.member_id, sum(c.amount_fen) AS amount_fen
  FROM unnest(%(member_ids)s::text[], %(amounts_fen)s::bigint[]) AS c (member_id, amount_fen) GROUP BY c.member_id
), locked AS (
  SELECT member_id FROM peer_member WHERE member_id = ANY(%(member_ids)s::text[]) ORDER BY member_id FOR UPDATE
)
UPDATE peer_member m SET balance_fen = m.balance_fen + owed.amount_fen
FROM owed JOIN locked USING (member_id) WHERE m.member_id = owed.member_id
