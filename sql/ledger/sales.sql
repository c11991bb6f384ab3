-- name:    ledger/sales
-- does:    Sales and commission of members as of an instant; one who never sold or earned has no row.
-- mode:    read
-- params:  member_ids: list[str], as_of: datetime
-- returns: member_id: str, own_gmv_fen: str, commission_fen: str
-- bound:   one page of members; of one whose figures changed later also its sales or its entries; sums as text, for
--          they have no bound
SELECT s.member_id,
       (CASE WHEN s.sold_at <= %(as_of)s::timestamptz OR s.sold_at IS NULL THEN s.own_gmv_fen ELSE (
          SELECT coalesce(sum(fen), 0) FROM sale
          WHERE brand = current_setting('trefoil.brand') AND member_id = s.member_id AND at <= %(as_of)s::timestamptz
        ) END)::text AS own_gmv_fen,
       (CASE WHEN s.earned_at <= %(as_of)s::timestamptz OR s.earned_at IS NULL THEN s.commission_fen ELSE (
          SELECT coalesce(-sum(e.amount_fen), 0) FROM entry e
          JOIN journal j ON j.brand = e.brand AND j.number = e.number
          WHERE e.brand = current_setting('trefoil.brand') AND e.member_id = s.member_id
            AND e.effective_at <= %(as_of)s::timestamptz AND j.kind IN ('accrual', 'clawback', 'cancellation')
        ) END)::text AS commission_fen
FROM member_sales s
WHERE s.brand = current_setting('trefoil.brand') AND s.member_id = ANY(%(member_ids)b::text[]);
