-- name:    ledger/sales
-- does:    Sales and commission of members; one who never sold or earned has no row.
-- mode:    read
-- params:  member_ids: list[str]
-- returns: member_id: str, own_gmv_fen: int, commission_fen: int
-- bound:   one page of members
SELECT s.member_id, s.own_gmv_fen, s.commission_fen
FROM unnest(%(member_ids)b::text[]) AS wanted(member_id)
JOIN member_sales s ON s.brand = current_setting('trefoil.brand') AND s.member_id = wanted.member_id;
