-- name:    ledger/withdrawals_load
-- does:    The withdrawals of these ids.
-- mode:    read
-- params:  withdrawal_ids: list[str]
-- returns: withdrawal_id: str, seq: int, member_id: str, status: str, gross_fen: int, tax_fen: int, fee_fen: int,
--          net_fen: int, channel: str, route: str, payout_account_sealed: str?, requested_at: datetime,
--          requested_by: str, rejected_at: datetime?, rejected_by: str?, reason: str?
-- bound:   one batch of events (STRETCH_EVENTS_MAX)
SELECT w.withdrawal_id, w.seq, w.member_id, w.status, w.gross_fen, w.tax_fen, w.fee_fen, w.net_fen, w.channel, w.route,
       w.payout_account_sealed, w.requested_at, w.requested_by, w.rejected_at, w.rejected_by, w.reason
FROM withdrawal w
WHERE w.brand = current_setting('trefoil.brand') AND w.withdrawal_id = ANY(%(withdrawal_ids)b::text[]);
