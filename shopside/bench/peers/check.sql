-- The check in one statement: self-purchase, ties between the buyer (or what the order names) and the three above.
WITH RECURSIVE chain (member_id, level) AS (
  SELECT coalesce((SELECT above FROM peer_member WHERE member_id = %(buyer_id)s), %(promoter_id)s), 1
  UNION ALL
  SELECT m.above, c.level + 1 FROM chain c JOIN peer_member m USING (member_id) WHERE c.level < 3 AND m.above IS NOT NULL
),
known (kind, value) AS (
  SELECT kind, value FROM peer_identifier WHERE member_id = %(buyer_id)s
  UNION
  SELECT 'device', %(device_id)s
),
ties (kinds) AS (
  SELECT count(DISTINCT i.kind)
  FROM chain c JOIN peer_identifier i USING (member_id) JOIN known k ON k.kind = i.kind AND k.value = i.value
  WHERE i.member_id <> %(buyer_id)s
),
decided (outcome) AS (
  SELECT CASE WHEN %(promoter_id)s = %(buyer_id)s OR kinds >= 2 THEN 'block' WHEN kinds = 1 THEN 'review' ELSE 'allow' END
  FROM ties
)
INSERT INTO peer_decision (check_id, outcome) SELECT %(check_id)s, outcome FROM decided RETURNING outcome
