-- name:    core/try_lock
-- does:    Take a named lock until the end of the transaction if it is free.
-- mode:    write
-- params:  name: str
-- returns: taken: bool
-- bound:   one lock
SELECT pg_try_advisory_xact_lock(hashtextextended(%(name)s, 0)) AS taken;
