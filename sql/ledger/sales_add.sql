-- name:    ledger/sales_add
-- does:    Add to members' sales and commission.
-- mode:    write
-- params:  nothing
-- rows:    member_id: str, own_gmv_fen: int, commission_fen: int, sold_at: datetime?, earned_at: datetime?
-- returns: nothing
-- bound:   the payees of one batch
INSERT INTO member_sales AS s (brand, member_id, own_gmv_fen, commission_fen, sold_at, earned_at)
SELECT current_setting('trefoil.brand'), c.*
FROM unnest(%(member_id)b::text[], %(own_gmv_fen)b::bigint[], %(commission_fen)b::bigint[],
            %(sold_at)b::timestamptz[], %(earned_at)b::timestamptz[]) AS c
ON CONFLICT (brand, member_id) DO UPDATE
SET own_gmv_fen = s.own_gmv_fen + excluded.own_gmv_fen, commission_fen = s.commission_fen + excluded.commission_fen,
    sold_at = greatest(s.sold_at, excluded.sold_at), earned_at = greatest(s.earned_at, excluded.earned_at);
