-- name:    core/enter_brand
-- does:    Let this transaction see one brand's rows and no other.
-- mode:    write
-- params:  brand: str
-- returns: nothing
-- bound:   one statement
SELECT set_config('trefoil.brand', %(brand)s, true);
