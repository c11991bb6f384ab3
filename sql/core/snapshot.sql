-- name:    core/snapshot
-- does:    Let this transaction see everything as it is at its first look, and write nothing; said before that look.
-- mode:    write
-- params:  nothing
-- returns: nothing
-- bound:   one statement
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
