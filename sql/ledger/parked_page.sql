-- name:    ledger/parked_page
-- does:    The first of what waits for one order, in the order of the log, as much as a budget of lines holds; at least one.
-- mode:    read
-- params:  order_id: str, lines_max: int, count: int
-- maps:    line{line_id: str, refund_fen: int, quantity: int?}
-- returns: order_id: str, seq: int, kind: str, at: datetime, refund_id: str?, lines: list[line]?
-- bound:   count facts (STRETCH_EVENTS_MAX), lines_max lines
SELECT order_id, seq, kind, at, refund_id, lines
FROM (
  SELECT order_id, seq, kind, at, refund_id, lines, row_number() OVER (ORDER BY seq) AS place,
         sum(1 + coalesce(jsonb_array_length(lines), 0)) OVER (ORDER BY seq) AS spent
  FROM (SELECT * FROM parked_fact
        WHERE brand = current_setting('trefoil.brand') AND order_id = %(order_id)s
        ORDER BY seq LIMIT %(count)s) AS first
) AS costed
WHERE spent <= %(lines_max)s OR place = 1
ORDER BY seq;
