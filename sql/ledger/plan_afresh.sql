-- name:    ledger/plan_afresh
-- does:    Have every statement of this transaction planned for the tables as they are now, not as they once were.
-- mode:    write
-- params:  nothing
-- returns: nothing
-- bound:   one statement
SET LOCAL plan_cache_mode = force_custom_plan;
