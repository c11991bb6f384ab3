-- name:    ledger/wallets_load
-- does:    Available money and arrears of members; one without either has no row. Amounts as text: sums have no bound.
-- mode:    read
-- params:  member_ids: list[str]
-- returns: member_id: str, available_fen: str, arrears_fen: str, credited_at: datetime?, arrears_at: datetime?
-- bound:   the payees of one batch
SELECT member_id,
       coalesce(-sum(balance_fen) FILTER (WHERE account = '2241.12'), 0)::text AS available_fen,
       coalesce(sum(balance_fen) FILTER (WHERE account = '1221.21'), 0)::text AS arrears_fen,
       max(last_credit_at) FILTER (WHERE account = '2241.12') AS credited_at,
       max(last_debit_at) FILTER (WHERE account = '1221.21') AS arrears_at
FROM member_balance
WHERE brand = current_setting('trefoil.brand') AND member_id = ANY(%(member_ids)b::text[])
  AND account IN ('2241.12', '1221.21')
GROUP BY member_id;
