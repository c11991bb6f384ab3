-- name:    risk/decisions_before
-- does:    The last decision of each order made before the order's number in the log.
-- mode:    read
-- params:  brand: str, seqs: list[int], order_ids: list[str]
-- returns: seq: int, decision_id: str, outcome: str, reasons: list[map], missing: list[str], saw: map?
-- bound:   1,000 orders (STRETCH_EVENTS_MAX)
SELECT asked.seq, last.decision_id, last.outcome, last.reasons, last.missing, last.saw
FROM unnest(%(seqs)s::bigint[], %(order_ids)s::text[]) AS asked (seq, order_id)
CROSS JOIN LATERAL (
  SELECT d.decision_id, d.outcome, d.reasons, d.missing, d.saw
  FROM decision d
  WHERE d.brand = %(brand)s AND d.order_id = asked.order_id AND d.after_seq < asked.seq AND d.stage = 'order'
  ORDER BY d.number DESC
  LIMIT 1
) AS last;
