-- name:    core/enter_brand
-- does:    Let this transaction see one brand's rows and no other, and plan each statement for the tables as they are now:
--          a plan kept from when they were empty would scan what has grown since. Every list follows an index to its
--          limit; a bitmap would collect all there is and sort it, which looks cheap where a brand's share is unknown.
-- mode:    write
-- params:  brand: str
-- returns: nothing
-- bound:   one statement
SELECT set_config('trefoil.brand', %(brand)s, true), set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('enable_bitmapscan', 'off', true);
