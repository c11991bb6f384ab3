-- Money in time: what is effective later than now, and sums that have no bound.

-- Any number of payments of up to 10^14 fen each.
ALTER TABLE member_balance ALTER COLUMN balance_fen TYPE numeric(38, 0);

-- The latest effective time of a credit: nothing leaves an account before it, and a balance as of any later instant is
-- the one that stands here.
ALTER TABLE member_balance ADD COLUMN last_credit_at timestamptz;
UPDATE member_balance b SET last_credit_at = e.at
FROM (SELECT brand, member_id, account, max(effective_at) AS at FROM entry
      WHERE member_id IS NOT NULL AND amount_fen < 0 GROUP BY brand, member_id, account) AS e
WHERE e.brand = b.brand AND e.member_id = b.member_id AND e.account = b.account;

-- An order that is paid after its window has ended settles at its payment.
UPDATE paid_order SET settles_at = paid_at WHERE settles_at < paid_at;

-- What members sold as level 1, change by change, so that it can be told as of any instant. A row stays for ever.
CREATE TABLE sale (
  brand      text NOT NULL,
  member_id  text NOT NULL,
  at         timestamptz NOT NULL,
  order_id   text NOT NULL,
  cause      text NOT NULL,                              -- empty: the payment; the refund; '/': the cancellation
  fen        bigint NOT NULL,
  PRIMARY KEY (brand, member_id, at, order_id, cause)
);
GRANT SELECT, INSERT ON sale TO trefoil_app;
CALL isolate_brands('sale');

INSERT INTO sale (brand, member_id, at, order_id, cause, fen)
SELECT o.brand, o.chain->0->>'member_id', o.paid_at, o.order_id, '', sum((line->>'paid_fen')::bigint)
FROM paid_order o, jsonb_array_elements(o.lines) AS line
WHERE o.decision_outcome <> 'block' AND o.chain->0->>'level' = '1'
GROUP BY o.brand, o.order_id
HAVING sum((line->>'paid_fen')::bigint) > 0;

-- Refunds and cancellations as the log tells them, each line capped at what was paid for it.
INSERT INTO sale (brand, member_id, at, order_id, cause, fen)
WITH told AS (
  SELECT r.brand, r.order_id, r.seq, r.refund_id AS cause, (e.data->>'refunded_at')::timestamptz AS at,
         line->>'line_id' AS line_id, (line->>'refund_fen')::bigint AS fen
  FROM order_refund r
  LEFT JOIN set_aside a ON a.brand = r.brand AND a.consumer = 'ledger' AND a.replayed_by = r.seq
  JOIN event_log e ON e.brand = r.brand AND e.seq = coalesce(a.seq, r.seq) AND e.type = 'order.refunded.v1',
  jsonb_array_elements(e.data->'lines') AS line
  UNION ALL
  SELECT o.brand, o.order_id, first.seq, '/', o.cancelled_at, line->>'line_id', (line->>'paid_fen')::bigint
  FROM paid_order o
  JOIN (SELECT brand, data->>'order_id' AS order_id, min(seq) AS seq FROM event_log
        WHERE type = 'order.cancelled.v1' GROUP BY 1, 2) AS first
    ON first.brand = o.brand AND first.order_id = o.order_id,
  jsonb_array_elements(o.lines) AS line
  WHERE o.cancelled_at IS NOT NULL
), counted AS (
  SELECT *, sum(fen) OVER (PARTITION BY brand, order_id, line_id ORDER BY seq, cause) AS upto_fen FROM told
)
SELECT o.brand, o.chain->0->>'member_id', greatest(c.at, o.paid_at), o.order_id, c.cause,
       -sum(least(c.upto_fen, paid.fen) - least(c.upto_fen - c.fen, paid.fen))
FROM counted c
JOIN paid_order o ON o.brand = c.brand AND o.order_id = c.order_id
CROSS JOIN LATERAL (
  SELECT (line->>'paid_fen')::bigint AS fen FROM jsonb_array_elements(o.lines) AS line WHERE line->>'line_id' = c.line_id
) AS paid
WHERE o.decision_outcome <> 'block' AND o.chain->0->>'level' = '1'
GROUP BY o.brand, o.order_id, c.cause, c.at
HAVING sum(least(c.upto_fen, paid.fen) - least(c.upto_fen - c.fen, paid.fen)) > 0;

-- The latest instants at which the two sums changed: as of any later one they are what stands here.
ALTER TABLE member_sales ADD COLUMN sold_at timestamptz, ADD COLUMN earned_at timestamptz;
UPDATE member_sales m SET sold_at = s.at
FROM (SELECT brand, member_id, max(at) AS at FROM sale GROUP BY brand, member_id) AS s
WHERE s.brand = m.brand AND s.member_id = m.member_id;
UPDATE member_sales m SET earned_at = e.at
FROM (SELECT e.brand, e.member_id, max(e.effective_at) AS at
      FROM entry e JOIN journal j ON j.brand = e.brand AND j.number = e.number
      WHERE j.kind IN ('accrual', 'clawback', 'cancellation') AND e.member_id IS NOT NULL
      GROUP BY e.brand, e.member_id) AS e
WHERE e.brand = m.brand AND e.member_id = m.member_id;
