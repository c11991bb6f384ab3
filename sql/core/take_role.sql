-- name:    core/take_role
-- does:    Drop the owner's rights: act as the role that row-level security binds.
-- mode:    write
-- params:  nothing
-- returns: nothing
-- bound:   one statement
SET ROLE trefoil_app;
