-- name:    ledger/sales
-- does:    Sales and commission of members; one who never sold or earned has no row.
-- mode:    read
-- params:  member_ids: list[str]
-- returns: member_id: str, own_gmv_fen: str, commission_fen: str
-- bound:   one page of members; sums as text, for they have no bound
SELECT member_id, own_gmv_fen::text AS own_gmv_fen, commission_fen::text AS commission_fen
FROM member_sales
WHERE brand = current_setting('trefoil.brand') AND member_id = ANY(%(member_ids)b::text[]);
