-- name:    ledger/wallets_load
-- does:    Available money and arrears of members; one without either has no row.
-- mode:    read
-- params:  member_ids: list[str]
-- returns: member_id: str, available_fen: int, arrears_fen: int, arrears_at: datetime?
-- bound:   the payees of one batch
SELECT b.member_id,
       coalesce(-sum(b.balance_fen) FILTER (WHERE b.account = '2241.12'), 0)::bigint AS available_fen,
       coalesce(sum(b.balance_fen) FILTER (WHERE b.account = '1221.21'), 0)::bigint AS arrears_fen,
       max(b.last_debit_at) FILTER (WHERE b.account = '1221.21') AS arrears_at
FROM unnest(%(member_ids)b::text[]) AS wanted(member_id)
JOIN member_balance b ON b.brand = current_setting('trefoil.brand') AND b.member_id = wanted.member_id
WHERE b.account IN ('2241.12', '1221.21')
GROUP BY b.member_id;
