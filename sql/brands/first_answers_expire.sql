-- name:    brands/first_answers_expire
-- does:    Forget keyed requests that are older than promised.
-- mode:    write
-- params:  brand: str, before: datetime
-- returns: nothing
-- bound:   what one brand was asked in an hour
DELETE FROM first_answer WHERE brand = %(brand)s AND created_at < %(before)s;
