WITH RECURSIVE chain (member_id, level) AS (
  SELECT above, 1 FROM peer_member WHERE member_id = %(buyer_id)s AND above IS NOT NULL
  UNION ALL
  SELECT m.above, c.level + 1 FROM chain c JOIN peer_member m USING (member_id) WHERE c.level < 3 AND m.above IS NOT NULL
)
SELECT member_id, level FROM chain ORDER BY level
