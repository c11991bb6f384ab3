-- name:    events/outcomes
-- does:    What the books made of one event.
-- mode:    read
-- params:  brand: str, seq: int
-- returns: book: str, status: str, code: str?, detail: map?
-- bound:   two rows
SELECT book, status, code, detail FROM outcome WHERE brand = %(brand)s AND seq = %(seq)s;
