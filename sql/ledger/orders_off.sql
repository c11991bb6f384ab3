-- name:    ledger/orders_off
-- does:    Orders whose commissions or state are not what their journals say.
-- mode:    read
-- params:  nothing
-- returns: order_id: str, problem: str
-- bound:   100 rows (DIFFERENCES_MAX); reads the brand's orders and entries, summed up where they lie
WITH booked AS (
  SELECT j.subject AS order_id, e.member_id,
         coalesce(-sum(e.amount_fen) FILTER (WHERE j.kind = 'accrual'), 0) AS earned_fen,
         coalesce(sum(e.amount_fen) FILTER (WHERE j.kind IN ('clawback', 'cancellation')), 0) AS taken_fen,
         bool_or(j.kind = 'settlement') AS settled,
         bool_or(j.kind = 'accrual' AND e.account = '2241.15') AS held
  FROM journal j
  JOIN entry e ON e.brand = j.brand AND e.number = j.number
  WHERE j.brand = current_setting('trefoil.brand') AND e.member_id IS NOT NULL
    AND j.kind IN ('accrual', 'clawback', 'cancellation', 'settlement')
  GROUP BY j.subject, e.member_id
), said AS (
  SELECT o.order_id, part->>'member_id' AS member_id, sum((part->>'earned_fen')::bigint) AS earned_fen,
         sum((part->>'clawed_back_fen')::bigint) AS taken_fen
  FROM paid_order o, jsonb_array_elements(o.commissions) AS part
  WHERE o.brand = current_setting('trefoil.brand')
  GROUP BY o.order_id, part->>'member_id'
), commissions_off AS (
  SELECT coalesce(b.order_id, s.order_id) AS order_id,
         format('the commissions of %s are %s fen less %s, its journals say %s less %s', coalesce(b.member_id, s.member_id),
                coalesce(s.earned_fen, 0), coalesce(s.taken_fen, 0), coalesce(b.earned_fen, 0), coalesce(b.taken_fen, 0)) AS problem
  FROM said s
  FULL JOIN booked b ON b.order_id = s.order_id AND b.member_id = s.member_id
  WHERE (coalesce(s.earned_fen, 0), coalesce(s.taken_fen, 0)) <> (coalesce(b.earned_fen, 0), coalesce(b.taken_fen, 0))
), states AS (
  SELECT order_id, CASE WHEN sum(earned_fen) > sum(taken_fen)
                        THEN CASE WHEN bool_or(settled) THEN 'settled' WHEN bool_or(held) THEN 'held' ELSE 'frozen' END
                        ELSE CASE WHEN bool_or(settled) THEN 'clawed_back' ELSE 'voided' END END AS state
  FROM booked GROUP BY order_id HAVING sum(earned_fen) > 0
), states_off AS (
  SELECT o.order_id, format('it is said to be %s, its journals say %s', o.state, s.state) AS problem
  FROM paid_order o JOIN states s ON s.order_id = o.order_id
  WHERE o.brand = current_setting('trefoil.brand') AND o.state <> s.state
)
SELECT order_id, problem FROM (SELECT * FROM commissions_off UNION ALL SELECT * FROM states_off) AS off
ORDER BY order_id, problem LIMIT 100;
