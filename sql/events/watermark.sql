-- name:    events/watermark
-- does:    How far a consumer of the log has come.
-- mode:    read
-- params:  brand: str, consumer: str
-- returns: seq: int
-- bound:   one row
SELECT seq FROM watermark WHERE brand = %(brand)s AND consumer = %(consumer)s;
