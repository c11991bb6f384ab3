-- name:    risk/decisions_by_check
-- does:    The decision that stands for each of some checks: the one that was answered.
-- mode:    read
-- params:  brand: str, check_ids: list[str]
-- returns: decision_id: str, check_id: str?, stage: str, order_id: str, after_seq: int?, outcome: str, score: int, reasons: list[map],
--          missing: list[str], features: map, rulebook_version: int, evaluated_at: datetime, request_print: str?,
--          worsens: str?, saw: map?, differs: map?, place: int
-- bound:   256 checks (DECISIONS_PER_COMMIT_MAX)
SELECT DISTINCT ON (check_id) decision_id, check_id, stage, order_id, after_seq, outcome, score, reasons, missing, features, rulebook_version, evaluated_at,
       request_print, worsens, saw, differs, place
FROM decision WHERE brand = %(brand)s AND check_id = ANY(%(check_ids)s::text[])
ORDER BY check_id, place DESC;
