-- name:    risk/decision_by_id
-- does:    One decision.
-- mode:    read
-- params:  brand: str, decision_id: str
-- returns: decision_id: str, check_id: str?, stage: str, order_id: str, after_seq: int?, outcome: str, score: int, reasons: list[map],
--          missing: list[str], features: map, rulebook_version: int, evaluated_at: datetime, request_print: str?,
--          worsens: str?, saw: map?, differs: map?, place: int
-- bound:   one row
SELECT decision_id, check_id, stage, order_id, after_seq, outcome, score, reasons, missing, features, rulebook_version, evaluated_at,
       request_print, worsens, saw, differs, place
FROM decision WHERE brand = %(brand)s AND decision_id = %(decision_id)s;
