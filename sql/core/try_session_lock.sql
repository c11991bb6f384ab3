-- name:    core/try_session_lock
-- does:    Take a named lock for as long as this connection lives, if it is free.
-- mode:    write
-- params:  name: str
-- returns: taken: bool
-- bound:   one lock
SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0)) AS taken;
