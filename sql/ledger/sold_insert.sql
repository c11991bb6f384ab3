-- name:    ledger/sold_insert
-- does:    Keep each change of members' sales.
-- mode:    write
-- params:  nothing
-- rows:    member_id: str, at: datetime, order_id: str, cause: str, fen: int
-- returns: nothing
-- bound:   one for each fact of a batch that is about an order (STRETCH_EVENTS_MAX)
INSERT INTO sale (brand, member_id, at, order_id, cause, fen)
SELECT current_setting('trefoil.brand'), s.*
FROM unnest(%(member_id)b::text[], %(at)b::timestamptz[], %(order_id)b::text[], %(cause)b::text[], %(fen)b::bigint[]) AS s;
