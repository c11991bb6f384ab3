-- name:    brands/first_answer
-- does:    What stands under a key: whose request, and its answer once there is one.
-- mode:    read
-- params:  brand: str, person: str, path_print: bytes, key: str
-- returns: request_print: bytes, status: int?, headers: map?, body: bytes?
-- bound:   one row
SELECT request_print, status, headers, body FROM first_answer
WHERE brand = %(brand)s AND person = %(person)s AND path_print = %(path_print)s AND key = %(key)s;
