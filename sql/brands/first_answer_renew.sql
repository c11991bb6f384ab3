-- name:    brands/first_answer_renew
-- does:    Hold a claim longer, for work that goes on.
-- mode:    write
-- params:  brand: str, person: str, path_print: bytes, key: str, claimed_by: str, until: datetime
-- returns: nothing
-- bound:   one row
UPDATE first_answer SET claimed_until = %(until)s
WHERE brand = %(brand)s AND person = %(person)s AND path_print = %(path_print)s AND key = %(key)s AND claimed_by = %(claimed_by)s;
