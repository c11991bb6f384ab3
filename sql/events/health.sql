-- name:    events/health
-- does:    How the consumers get on over all brands: events behind, events set aside, brands in trouble.
-- mode:    read
-- params:  nothing
-- returns: consumer: str, lag: int, set_aside: int, troubled: int
-- bound:   one row per consumer; reads a row per brand and consumer
SELECT consumer, lag, set_aside, troubled FROM consumer_health() ORDER BY consumer;
