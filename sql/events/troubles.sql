-- name:    events/troubles
-- does:    What is wrong with the consumers of a brand.
-- mode:    read
-- params:  brand: str
-- returns: consumer: str, trouble: str, detail: str, since: datetime
-- bound:   one row per consumer
SELECT consumer, trouble, detail, since FROM consumer_trouble WHERE brand = %(brand)s ORDER BY consumer;
