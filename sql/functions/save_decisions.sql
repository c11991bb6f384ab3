-- Saves decisions of one brand in one statement, so that a check costs one round trip: it enters the brand by itself.
-- What was answered in the stead of a decision counts from where that one does, for the orders that were paid since.
CREATE OR REPLACE FUNCTION save_decisions(brand_ text, decisions jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('trefoil.brand', brand_, true);
  RETURN QUERY
  INSERT INTO decision AS d (brand, decision_id, check_id, stage, order_id, after_seq, outcome, score, reasons, missing,
                             features, rulebook_version, evaluated_at, request_print, worsens, saw, differs, place)
  SELECT brand_, n.decision_id, n.check_id, n.stage, n.order_id,
         coalesce(n.after_seq,
                  CASE n.place WHEN 1 THEN (SELECT late.after_seq FROM decision late
                                            WHERE late.brand = brand_ AND late.check_id = n.check_id AND late.place = 0) END,
                  (SELECT h.seq FROM log_head h WHERE h.brand = brand_)),
         n.outcome, n.score, n.reasons, n.missing, n.features, n.rulebook_version, n.evaluated_at, n.request_print, n.worsens,
         n.saw, n.differs, n.place
  FROM jsonb_to_recordset(decisions)
       AS n (decision_id text, check_id text, stage text, order_id text, after_seq bigint, outcome text, score int,
             reasons jsonb, missing text[], features jsonb, rulebook_version int, evaluated_at timestamptz,
             request_print text, worsens text, saw jsonb, differs jsonb, place smallint)
  ON CONFLICT (brand, check_id, place) DO NOTHING
  RETURNING d.decision_id;
END $$;
