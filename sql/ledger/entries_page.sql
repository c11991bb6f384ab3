-- name:    ledger/entries_page
-- does:    A member's statement of what was effective at an instant, the latest booked first; amounts are debit positive.
-- mode:    read
-- params:  member_id: str, as_of: datetime, before_number: int, before_place: int, count_max: int
-- returns: number: int, place: int, kind: str, subject: str, cause: str, account: str, amount_fen: int,
--          effective_at: datetime, recorded_at: datetime
-- bound:   count_max entries (PAGE_ITEMS_MAX and one), and those that become effective later
SELECT e.number, e.place, j.kind, j.subject, j.cause, e.account, e.amount_fen, e.effective_at, j.recorded_at
FROM entry e
JOIN journal j ON j.brand = e.brand AND j.number = e.number
WHERE e.brand = current_setting('trefoil.brand') AND e.member_id = %(member_id)s AND e.effective_at <= %(as_of)s
  AND (e.number, e.place) < (%(before_number)s::bigint, %(before_place)s::int)
ORDER BY e.number DESC, e.place DESC
LIMIT %(count_max)s;
