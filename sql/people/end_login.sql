-- name:    people/end_login
-- does:    End a login, its sessions too; not done where there is none.
-- mode:    write
-- params:  login: str
-- returns: done: bool
-- bound:   one login
SELECT end_db_login(%(login)s) AS done;
