-- name:    intake/rejection
-- does:    One refused event as it came, sealed.
-- mode:    read
-- params:  brand: str, rejection_id: str
-- returns: sealed: bytes, via: str
-- bound:   one row
SELECT sealed, via FROM event_rejection WHERE brand = %(brand)s AND rejection_id = %(rejection_id)s;
