-- name:    risk/save_decisions
-- does:    Make decisions durable; a check is decided once, whoever comes first. Answers those that were new.
-- mode:    write
-- params:  brand: str, decisions: str
-- returns: decision_id: str
-- bound:   1,000 decisions (STRETCH_EVENTS_MAX) as one JSON array
SELECT decision_id FROM save_decisions(%(brand)s, %(decisions)s::jsonb) AS decision_id;
