-- name:    brands/first_answer_release
-- does:    Give a claim back as if the request had never come.
-- mode:    write
-- params:  brand: str, person: str, path_print: bytes, key: str, claimed_by: str
-- returns: nothing
-- bound:   one row
DELETE FROM first_answer
WHERE brand = %(brand)s AND person = %(person)s AND path_print = %(path_print)s AND key = %(key)s AND claimed_by = %(claimed_by)s;
