-- name:    ledger/post
-- does:    Post journals; the positions (from 1) of those that had been posted before.
-- mode:    write
-- params:  recorded_at: datetime, kind: list[str], subject: list[str], cause: list[str], effective_at: list[datetime],
--          position: list[int], account: list[str], member: list[str], amount_fen: list[int]
-- returns: repeated: int
-- bound:   the journals of one batch (STRETCH_EVENTS_MAX, SETTLE_ORDERS_MAX)
SELECT repeated
FROM post(%(recorded_at)s::timestamptz, %(kind)b::text[], %(subject)b::text[], %(cause)b::text[],
          %(effective_at)b::timestamptz[], %(position)b::int[], %(account)b::text[], %(member)b::text[],
          %(amount_fen)b::bigint[]);
