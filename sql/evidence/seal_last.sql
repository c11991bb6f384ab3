-- name:    evidence/seal_last
-- does:    The latest seal; none before the first.
-- mode:    read
-- params:  nothing
-- returns: number: int, document: map
-- bound:   one row
SELECT number, document FROM seal WHERE brand = current_setting('trefoil.brand') ORDER BY number DESC LIMIT 1;
