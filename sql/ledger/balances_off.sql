-- name:    ledger/balances_off
-- does:    Payees' accounts whose balance, or whose latest debit or credit, is not that of their entries; amounts as text.
-- mode:    read
-- params:  nothing
-- returns: member_id: str, account: str, balance_fen: str, entries_fen: str
-- bound:   100 rows (DIFFERENCES_MAX); reads the brand's entries
SELECT coalesce(b.member_id, e.member_id) AS member_id, coalesce(b.account, e.account) AS account,
       coalesce(b.balance_fen, 0)::text AS balance_fen, coalesce(e.fen, 0)::text AS entries_fen
FROM (SELECT member_id, account, balance_fen, last_debit_at, last_credit_at FROM member_balance
      WHERE brand = current_setting('trefoil.brand')) b
FULL JOIN (SELECT member_id, account, sum(amount_fen) AS fen, max(effective_at) FILTER (WHERE amount_fen > 0) AS debit_at,
                  max(effective_at) FILTER (WHERE amount_fen < 0) AS credit_at
           FROM entry
           WHERE brand = current_setting('trefoil.brand') AND member_id IS NOT NULL
           GROUP BY member_id, account) e ON e.member_id = b.member_id AND e.account = b.account
WHERE (b.balance_fen, b.last_debit_at, b.last_credit_at) IS DISTINCT FROM (e.fen, e.debit_at, e.credit_at)
LIMIT 100;
