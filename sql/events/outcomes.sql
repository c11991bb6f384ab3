-- name:    events/outcomes
-- does:    What consumers made of one event.
-- mode:    read
-- params:  brand: str, seq: int
-- returns: consumer: str, status: str, code: str?, detail: map?
-- bound:   one row per consumer
SELECT consumer, status, code, detail FROM outcome WHERE brand = %(brand)s AND seq = %(seq)s;
