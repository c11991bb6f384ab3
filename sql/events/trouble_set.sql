-- name:    events/trouble_set
-- does:    Say what is wrong with a consumer of a brand.
-- mode:    write
-- params:  brand: str, consumer: str, trouble: str, detail: str, at: datetime
-- returns: nothing
-- bound:   one row
INSERT INTO consumer_trouble (brand, consumer, trouble, detail, since)
VALUES (%(brand)s, %(consumer)s, %(trouble)s, %(detail)s, %(at)s)
ON CONFLICT (brand, consumer) DO UPDATE SET trouble = excluded.trouble, detail = excluded.detail;
