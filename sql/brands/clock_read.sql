-- name:    brands/clock_read
-- does:    The simulated time, if it has started.
-- mode:    read
-- params:  nothing
-- returns: simulated_now: datetime?
-- bound:   one row
SELECT simulated_now FROM installation;
