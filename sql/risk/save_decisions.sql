-- name:    risk/save_decisions
-- does:    Make decisions durable; a check is decided once, whoever comes first.
-- mode:    write
-- params:  brand: str, decision_ids: list[str], check_ids: list[str], stages: list[str], order_ids: list[str], after_seqs: list[int],
--          outcomes: list[str], scores: list[int], reasons: list[str], missing: list[str], features: list[str],
--          versions: list[int], evaluated_ats: list[datetime], request_prints: list[bytes], worsens: list[str]
-- returns: nothing
-- bound:   1,000 decisions (BOOK_EVENTS_MAX)
INSERT INTO decision (brand, decision_id, check_id, stage, order_id, after_seq, outcome, score, reasons, missing, features,
                      rulebook_version, evaluated_at, request_print, worsens)
SELECT %(brand)s, d.decision_id, d.check_id, d.stage, d.order_id,
       coalesce(d.after_seq, (SELECT seq FROM log_head WHERE brand = %(brand)s)),
       d.outcome, d.score, d.reasons::jsonb, string_to_array(d.missing, ','), d.features::jsonb, d.version, d.evaluated_at,
       d.request_print, d.worsens
FROM unnest(%(decision_ids)s::text[], %(check_ids)s::text[], %(stages)s::text[], %(order_ids)s::text[],
            %(after_seqs)s::bigint[], %(outcomes)s::text[], %(scores)s::int[], %(reasons)s::text[], %(missing)s::text[],
            %(features)s::text[], %(versions)s::int[], %(evaluated_ats)s::timestamptz[], %(request_prints)s::bytea[],
            %(worsens)s::text[])
     AS d (decision_id, check_id, stage, order_id, after_seq, outcome, score, reasons, missing, features, version,
           evaluated_at, request_print, worsens)
ON CONFLICT (brand, check_id) DO NOTHING;
