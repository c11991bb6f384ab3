-- name:    brands/idempotent_expire
-- does:    Forget first answers that are older than promised.
-- mode:    write
-- params:  brand: str, before: datetime
-- returns: nothing
-- bound:   what one brand was asked in an hour
DELETE FROM idempotent_answer WHERE brand = %(brand)s AND created_at < %(before)s;
