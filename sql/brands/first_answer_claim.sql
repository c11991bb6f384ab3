-- name:    brands/first_answer_claim
-- does:    Claim a keyed request that nobody has claimed, or take over the same one whose claim is over; else nothing.
-- mode:    write
-- params:  brand: str, person: str, path_print: bytes, key: str, request_print: bytes, claimed_by: str, at: datetime, until: datetime
-- returns: claimed_by: str
-- bound:   one row
INSERT INTO first_answer AS f (brand, person, path_print, key, request_print, claimed_by, claimed_until, created_at)
VALUES (%(brand)s, %(person)s, %(path_print)s, %(key)s, %(request_print)s, %(claimed_by)s, %(until)s, %(at)s)
ON CONFLICT (brand, person, path_print, key) DO UPDATE
SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
WHERE f.claimed_until <= %(at)s AND f.request_print = excluded.request_print
RETURNING claimed_by;
