-- name:    events/watermarks
-- does:    How far every consumer of a brand's log has come.
-- mode:    read
-- params:  brand: str
-- returns: consumer: str, seq: int
-- bound:   one row per consumer
SELECT consumer, seq FROM watermark WHERE brand = %(brand)s ORDER BY consumer;
