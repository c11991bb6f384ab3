-- name:    ledger/orders_json
-- does:    The JSON of every order with the digest of what was written.
-- mode:    read
-- params:  nothing
-- returns: order_id: str, decision_reasons: list[map], chain: list[map], lines: list[map], commissions: list[map],
--          json_print: bytes?
-- bound:   the whole book, streamed
SELECT order_id, decision_reasons, chain, lines, commissions, json_print FROM paid_order
WHERE brand = current_setting('trefoil.brand') AND json_print IS NOT NULL;
