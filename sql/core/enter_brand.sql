-- name:    core/enter_brand
-- does:    Let this transaction see one brand's rows and no other, and plan each statement for the tables as they are now:
--          a plan kept from when they were empty would scan what has grown since.
-- mode:    write
-- params:  brand: str
-- returns: nothing
-- bound:   one statement
SELECT set_config('trefoil.brand', %(brand)s, true), set_config('plan_cache_mode', 'force_custom_plan', true);
