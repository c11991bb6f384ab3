-- name:    events/trouble_over
-- does:    Nothing is wrong with a consumer of a brand any more.
-- mode:    write
-- params:  brand: str, consumer: str
-- returns: nothing
-- bound:   one row
DELETE FROM consumer_trouble WHERE brand = %(brand)s AND consumer = %(consumer)s;
