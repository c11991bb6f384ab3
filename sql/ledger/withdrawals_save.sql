-- name:    ledger/withdrawals_save
-- does:    Keep new withdrawals, and decisions on old ones.
-- mode:    write
-- params:  nothing
-- rows:    withdrawal_id: str, seq: int, member_id: str, status: str, gross_fen: int, tax_fen: int, fee_fen: int,
--          net_fen: int, channel: str, route: str, payout_account_sealed: str?, requested_at: datetime,
--          requested_by: str, rejected_at: datetime?, rejected_by: str?, reason: str?
-- returns: nothing
-- bound:   one batch of events (STRETCH_EVENTS_MAX)
INSERT INTO withdrawal (brand, withdrawal_id, seq, member_id, status, gross_fen, tax_fen, fee_fen, net_fen, channel,
                        route, payout_account_sealed, requested_at, requested_by, rejected_at, rejected_by, reason)
SELECT current_setting('trefoil.brand'), w.*
FROM unnest(%(withdrawal_id)b::text[], %(seq)b::bigint[], %(member_id)b::text[], %(status)b::text[],
            %(gross_fen)b::bigint[], %(tax_fen)b::bigint[], %(fee_fen)b::bigint[], %(net_fen)b::bigint[],
            %(channel)b::text[], %(route)b::text[], %(payout_account_sealed)b::text[], %(requested_at)b::timestamptz[],
            %(requested_by)b::text[], %(rejected_at)b::timestamptz[], %(rejected_by)b::text[], %(reason)b::text[]) AS w
ON CONFLICT (brand, withdrawal_id) DO UPDATE
SET status = excluded.status, rejected_at = excluded.rejected_at, rejected_by = excluded.rejected_by,
    reason = excluded.reason;
