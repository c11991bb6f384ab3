-- name:    ledger/balances_as_of
-- does:    A member's balance in each account of what was effective at an instant; debit positive.
-- mode:    read
-- params:  member_id: str, as_of: datetime
-- returns: account: str, balance_fen: int
-- bound:   one row per account; reads the member's entries
SELECT account, sum(amount_fen)::bigint AS balance_fen FROM entry
WHERE brand = current_setting('trefoil.brand') AND member_id = %(member_id)s AND effective_at <= %(as_of)s
GROUP BY account;
