-- name:    events/behind
-- does:    Which of some consumers have not dealt with a brand's whole log, or are in trouble.
-- mode:    read
-- params:  consumers: list[str]
-- returns: brand: str, consumer: str
-- bound:   one row per brand and consumer; reads three small tables once
SELECT brand, consumer FROM consumers_behind(%(consumers)s::text[]) ORDER BY brand;
