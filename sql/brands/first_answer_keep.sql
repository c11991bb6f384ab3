-- name:    brands/first_answer_keep
-- does:    Keep the answer to a claimed request; nothing where somebody else has taken the claim over.
-- mode:    write
-- params:  brand: str, person: str, path_print: bytes, key: str, claimed_by: str, status: int, headers: str, body: bytes
-- returns: nothing
-- bound:   one row
UPDATE first_answer
SET claimed_by = NULL, claimed_until = NULL, status = %(status)s, headers = %(headers)s::jsonb, body = %(body)s
WHERE brand = %(brand)s AND person = %(person)s AND path_print = %(path_print)s AND key = %(key)s AND claimed_by = %(claimed_by)s;
