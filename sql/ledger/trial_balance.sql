-- name:    ledger/trial_balance
-- does:    The balance of each account, payees summed, of all that is booked or of what was effective at an instant; as
--          text: sums have no bound.
-- mode:    read
-- params:  as_of: datetime?
-- returns: account: str, balance_fen: str
-- bound:   one row per account; reads the brand's entries
SELECT account, sum(amount_fen)::text AS balance_fen FROM entry
WHERE brand = current_setting('trefoil.brand')
  AND (%(as_of)s::timestamptz IS NULL OR effective_at <= %(as_of)s::timestamptz)
GROUP BY account
ORDER BY account;
