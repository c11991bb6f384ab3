-- name:    ledger/withdrawals_off
-- does:    Withdrawals that are not what their journals say: whose, how much, whether it went back.
-- mode:    read
-- params:  nothing
-- returns: withdrawal_id: str, problem: str
-- bound:   100 rows (DIFFERENCES_MAX); reads the brand's withdrawals and entries, summed up where they lie
WITH booked AS (
  SELECT j.subject AS withdrawal_id, min(e.member_id) AS member_id,
         coalesce(-sum(e.amount_fen) FILTER (WHERE j.kind = 'withdrawal'), 0) AS gross_fen,
         coalesce(sum(e.amount_fen) FILTER (WHERE j.kind = 'rejection'), 0) AS rejected_fen
  FROM journal j
  JOIN entry e ON e.brand = j.brand AND e.number = j.number
  WHERE j.brand = current_setting('trefoil.brand') AND j.kind IN ('withdrawal', 'rejection') AND e.account = '2241.13'
  GROUP BY j.subject
)
SELECT coalesce(w.withdrawal_id, b.withdrawal_id) AS withdrawal_id,
       format('it is said to be %s fen of %s, %s; its journals say %s fen of %s, of which %s went back',
              w.gross_fen, w.member_id, w.status, b.gross_fen, b.member_id, b.rejected_fen) AS problem
FROM (SELECT withdrawal_id, member_id, status, gross_fen FROM withdrawal WHERE brand = current_setting('trefoil.brand')) w
FULL JOIN booked b ON b.withdrawal_id = w.withdrawal_id
WHERE (w.member_id, w.gross_fen, CASE WHEN w.status = 'rejected' THEN w.gross_fen ELSE 0 END)
      IS DISTINCT FROM (b.member_id, b.gross_fen, b.rejected_fen)
LIMIT 100;
