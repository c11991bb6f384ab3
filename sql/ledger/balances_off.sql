-- name:    ledger/balances_off
-- does:    Payees' accounts whose balance is not the sum of their entries.
-- mode:    read
-- params:  nothing
-- returns: member_id: str, account: str, balance_fen: int, entries_fen: int
-- bound:   100 rows (DIFFERENCES_MAX); reads the brand's entries
SELECT coalesce(b.member_id, e.member_id) AS member_id, coalesce(b.account, e.account) AS account,
       coalesce(b.balance_fen, 0) AS balance_fen, coalesce(e.fen, 0) AS entries_fen
FROM (SELECT member_id, account, balance_fen FROM member_balance WHERE brand = current_setting('trefoil.brand')) b
FULL JOIN (SELECT member_id, account, sum(amount_fen)::bigint AS fen FROM entry
           WHERE brand = current_setting('trefoil.brand') AND member_id IS NOT NULL
           GROUP BY member_id, account) e ON e.member_id = b.member_id AND e.account = b.account
WHERE coalesce(b.balance_fen, 0) <> coalesce(e.fen, 0)
LIMIT 100;
