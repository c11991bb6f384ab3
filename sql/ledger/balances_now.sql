-- name:    ledger/balances_now
-- does:    A member's balance in each account, of all that is booked; debit positive.
-- mode:    read
-- params:  member_id: str
-- returns: account: str, balance_fen: int
-- bound:   one row per account
SELECT account, balance_fen FROM member_balance
WHERE brand = current_setting('trefoil.brand') AND member_id = %(member_id)s;
