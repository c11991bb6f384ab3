-- name:    ledger/sales_off
-- does:    Members whose sales are not the sum of their changes, or whose commission is not that of their entries.
-- mode:    read
-- params:  nothing
-- returns: member_id: str, problem: str
-- bound:   100 rows (DIFFERENCES_MAX); reads the brand's sales and entries, summed up where they lie
WITH sold AS (
  SELECT member_id, sum(fen) AS fen FROM sale WHERE brand = current_setting('trefoil.brand') GROUP BY member_id
), earned AS (
  SELECT e.member_id, -sum(e.amount_fen) AS fen
  FROM entry e JOIN journal j ON j.brand = e.brand AND j.number = e.number
  WHERE e.brand = current_setting('trefoil.brand') AND e.member_id IS NOT NULL
    AND j.kind IN ('accrual', 'clawback', 'cancellation')
  GROUP BY e.member_id
)
SELECT member_id, format('sold and earned are said to be %s and %s fen, its sales and entries say %s and %s',
                         coalesce(s.own_gmv_fen, 0), coalesce(s.commission_fen, 0), coalesce(sold.fen, 0),
                         coalesce(earned.fen, 0)) AS problem
FROM (SELECT * FROM member_sales WHERE brand = current_setting('trefoil.brand')) s
FULL JOIN sold USING (member_id)
FULL JOIN earned USING (member_id)
WHERE (coalesce(s.own_gmv_fen, 0), coalesce(s.commission_fen, 0)) <> (coalesce(sold.fen, 0), coalesce(earned.fen, 0))
LIMIT 100;
