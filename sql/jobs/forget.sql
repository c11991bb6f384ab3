-- name:    jobs/forget
-- does:    Forget the jobs that were finished before an instant.
-- mode:    write
-- params:  brand: str, before: datetime
-- returns: nothing
-- bound:   the jobs that nobody may ask for any more
DELETE FROM job WHERE brand = %(brand)s AND finished_at < %(before)s;
