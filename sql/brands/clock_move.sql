-- name:    brands/clock_move
-- does:    Move the simulated clock to a later or equal time.
-- mode:    write
-- params:  to: datetime
-- returns: simulated_now: datetime?
-- bound:   one row
UPDATE installation SET simulated_now = %(to)s
WHERE clock = 'simulated' AND (simulated_now IS NULL OR simulated_now <= %(to)s)
RETURNING simulated_now;
