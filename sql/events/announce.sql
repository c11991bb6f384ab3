-- name:    events/announce
-- does:    Tell the consumers that the log of a brand has grown; heard when the transaction commits.
-- mode:    write
-- params:  brand: str
-- returns: nothing
-- bound:   one notification
SELECT pg_notify('trefoil_log', %(brand)s);
