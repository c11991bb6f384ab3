-- name:    people/make_login
-- does:    Make a login of a brand and role for a person with a database tool, or give it another password.
-- mode:    write
-- params:  login: str, brand: str, role: str, verifier: str, at: datetime
-- returns: done: bool
-- bound:   one login
SELECT make_db_login(%(login)s, %(brand)s, %(role)s, %(verifier)s, %(at)s) AS done;
