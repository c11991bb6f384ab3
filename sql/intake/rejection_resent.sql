-- name:    intake/rejection_resent
-- does:    Note that a refused event was taken when it was sent again.
-- mode:    write
-- params:  brand: str, rejection_id: str, seq: int
-- returns: nothing
-- bound:   one row
UPDATE event_rejection SET resent_seq = %(seq)s WHERE brand = %(brand)s AND rejection_id = %(rejection_id)s;
