-- name:    ledger/balances
-- does:    A member's balance in each account of what was effective at an instant; debit positive, as text: sums have no bound.
-- mode:    read
-- params:  member_id: str, as_of: datetime
-- returns: account: str, balance_fen: str
-- bound:   one row per account; reads the member's entries only where some are effective later
WITH past AS MATERIALIZED (  -- read only when it is asked for
  SELECT account, sum(amount_fen) AS fen FROM entry
  WHERE brand = current_setting('trefoil.brand') AND member_id = %(member_id)s AND effective_at <= %(as_of)s::timestamptz
  GROUP BY account
)
SELECT account,
       (CASE WHEN greatest(last_debit_at, last_credit_at) <= %(as_of)s::timestamptz THEN balance_fen
             ELSE coalesce((SELECT fen FROM past WHERE past.account = member_balance.account), 0) END)::text AS balance_fen
FROM member_balance
WHERE brand = current_setting('trefoil.brand') AND member_id = %(member_id)s;
