-- name:    risk/save_decisions
-- does:    Make decisions durable; a check is decided once, whoever comes first. Answers those that were new.
-- mode:    write
-- params:  brand: str, decisions: str
-- returns: decision_id: str
-- bound:   1,000 decisions (BOOK_EVENTS_MAX) as one JSON array
INSERT INTO decision (brand, decision_id, check_id, stage, order_id, after_seq, outcome, score, reasons, missing, features,
                      rulebook_version, evaluated_at, request_print, worsens)
SELECT %(brand)s, d.decision_id, d.check_id, d.stage, d.order_id,
       coalesce(d.after_seq, (SELECT seq FROM log_head WHERE brand = %(brand)s)),
       d.outcome, d.score, d.reasons, d.missing, d.features, d.rulebook_version, d.evaluated_at,
       d.request_print, d.worsens
FROM jsonb_to_recordset(%(decisions)s::jsonb)
     AS d (decision_id text, check_id text, stage text, order_id text, after_seq bigint, outcome text, score int,
           reasons jsonb, missing text[], features jsonb, rulebook_version int, evaluated_at timestamptz,
           request_print text, worsens text)
ON CONFLICT (brand, check_id) DO NOTHING
RETURNING decision_id;
