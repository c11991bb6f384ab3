-- name:    core/lock
-- does:    Take a named lock until the end of the transaction.
-- mode:    write
-- params:  name: str
-- returns: nothing
-- bound:   one lock
SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0));
