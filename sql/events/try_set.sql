-- name:    events/try_set
-- does:    Keep what a consumer is about to try, or how often it failed at it.
-- mode:    write
-- params:  brand: str, consumer: str, seq: int, events: int, tries: int, under_way: bool
-- returns: nothing
-- bound:   one row
INSERT INTO consumer_try (brand, consumer, seq, events, tries, under_way)
VALUES (%(brand)s, %(consumer)s, %(seq)s, %(events)s, %(tries)s, %(under_way)s)
ON CONFLICT (brand, consumer) DO UPDATE SET
  seq = excluded.seq, events = excluded.events, tries = excluded.tries, under_way = excluded.under_way;
