-- name:    ledger/withdrawals_page
-- does:    Withdrawals, newest first, of everybody or of one member, in any status or in one.
-- mode:    read
-- params:  member_id: str?, status: str?, before_seq: int, count_max: int
-- returns: withdrawal_id: str, seq: int, member_id: str, status: str, gross_fen: int, tax_fen: int, fee_fen: int,
--          net_fen: int, channel: str, route: str, payout_account_sealed: str?, requested_at: datetime,
--          requested_by: str, rejected_at: datetime?, rejected_by: str?, reason: str?
-- bound:   count_max withdrawals (PAGE_ITEMS_MAX and one)
SELECT w.withdrawal_id, w.seq, w.member_id, w.status, w.gross_fen, w.tax_fen, w.fee_fen, w.net_fen, w.channel, w.route,
       w.payout_account_sealed, w.requested_at, w.requested_by, w.rejected_at, w.rejected_by, w.reason
FROM (  -- one of three, each by an index of its own: everybody's, those in a status, a member's
  (SELECT * FROM withdrawal
   WHERE brand = current_setting('trefoil.brand') AND %(member_id)s::text IS NULL AND %(status)s::text IS NULL
     AND seq < %(before_seq)s::bigint
   ORDER BY seq DESC LIMIT %(count_max)s)
  UNION ALL
  (SELECT * FROM withdrawal
   WHERE brand = current_setting('trefoil.brand') AND %(member_id)s::text IS NULL AND status = %(status)s::text
     AND seq < %(before_seq)s::bigint
   ORDER BY seq DESC LIMIT %(count_max)s)
  UNION ALL
  (SELECT * FROM withdrawal
   WHERE brand = current_setting('trefoil.brand') AND member_id = %(member_id)s::text
     AND (%(status)s::text IS NULL OR status = %(status)s::text) AND seq < %(before_seq)s::bigint
   ORDER BY seq DESC LIMIT %(count_max)s)
) AS w
ORDER BY w.seq DESC
LIMIT %(count_max)s;
