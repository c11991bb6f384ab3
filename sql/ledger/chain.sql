-- name:    ledger/chain
-- does:    Every entry up to a journal with its journal, in the order of the chain.
-- mode:    read
-- params:  number_max: int
-- returns: number: int, kind: str, subject: str, cause: str, recorded_at: datetime, hash: bytes, place: int?,
--          account: str?, member_id: str?, amount_fen: int?, effective_at: datetime?
-- bound:   the whole book, streamed
SELECT j.number, j.kind, j.subject, j.cause, j.recorded_at, j.hash, e.place, e.account, e.member_id, e.amount_fen,
       e.effective_at
FROM journal j
LEFT JOIN entry e ON e.brand = j.brand AND e.number = j.number
WHERE j.brand = current_setting('trefoil.brand') AND j.number <= %(number_max)s
ORDER BY j.number, e.place;
