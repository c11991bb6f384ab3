-- name:    events/try_over
-- does:    Forget what a consumer of a brand last tried.
-- mode:    write
-- params:  brand: str, consumer: str
-- returns: nothing
-- bound:   one row
DELETE FROM consumer_try WHERE brand = %(brand)s AND consumer = %(consumer)s;
