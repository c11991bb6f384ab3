-- name:    ledger/wallets_load
-- does:    Available money and arrears of members; one without either has no row.
-- mode:    read
-- params:  member_ids: list[str]
-- returns: member_id: str, available_fen: int, arrears_fen: int, arrears_at: datetime?
-- bound:   the payees of one batch
SELECT member_id,
       coalesce(-sum(balance_fen) FILTER (WHERE account = '2241.12'), 0)::bigint AS available_fen,
       coalesce(sum(balance_fen) FILTER (WHERE account = '1221.21'), 0)::bigint AS arrears_fen,
       max(last_debit_at) FILTER (WHERE account = '1221.21') AS arrears_at
FROM member_balance
WHERE brand = current_setting('trefoil.brand') AND member_id = ANY(%(member_ids)b::text[])
  AND account IN ('2241.12', '1221.21')
GROUP BY member_id;
