-- name:    brands/clock_start
-- does:    Start the simulated clock unless it runs already.
-- mode:    write
-- params:  at: datetime
-- returns: nothing
-- bound:   one row
UPDATE installation SET simulated_now = %(at)s WHERE clock = 'simulated' AND simulated_now IS NULL;
