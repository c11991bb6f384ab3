-- name:    events/try_read
-- does:    What a consumer of a brand last tried, as far as that was kept.
-- mode:    read
-- params:  brand: str, consumer: str
-- returns: seq: int, events: int, tries: int, under_way: bool
-- bound:   one row
SELECT seq, events, tries, under_way FROM consumer_try WHERE brand = %(brand)s AND consumer = %(consumer)s;
