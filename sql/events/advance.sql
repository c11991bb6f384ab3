-- name:    events/advance
-- does:    Move a consumer's watermark and tell those who wait for it.
-- mode:    write
-- params:  brand: str, consumer: str, seq: int
-- returns: nothing
-- bound:   one row
WITH moved AS (
  INSERT INTO watermark (brand, consumer, seq) VALUES (%(brand)s, %(consumer)s, %(seq)s)
  ON CONFLICT (brand, consumer) DO UPDATE SET seq = excluded.seq
  RETURNING 1
)
SELECT pg_notify('trefoil_progress', %(brand)s || ' ' || %(consumer)s || ' ' || %(seq)s) FROM moved;
