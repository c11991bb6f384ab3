"""What is accepted never stops the books: not its order inside a batch, and not an instant at the edge of the years."""

from tests.platform import Shop


async def test_what_waits_for_its_order_in_the_same_batch_has_one_outcome_each(shop: Shop) -> None:
    e = shop.events
    await shop.tell(e.registered("d"), e.registered("c"), e.approved("d", invited_by=None))
    seqs = await shop.accept(
        e.refunded("r1", "o", 1, line_1=50),
        e.refunded("r2", "o", 1, line_1=5_000),  # more than there is
        e.refunded("r3", "o", 1, line_nowhere=1),
        e.completed("o", 1),
        e.completed("o", 2),  # the first one wins
        e.paid("o", "c", 1_000, promoter_id="d"),
    )
    await shop.drain()
    outcomes = [await shop.outcome(seq) for seq in seqs]
    assert [(found["ledger"], found["code"]) for found in outcomes] == [
        ("applied", None),
        ("applied", "refund_capped"),
        ("refused", "unknown_line"),
        ("applied", None),
        ("none", None),
        ("applied", None),
    ]
    assert await shop.balances("d") == {}


async def test_instants_at_the_edge_of_the_years_are_booked_like_any(shop: Shop) -> None:
    e = shop.events
    await shop.tell(e.registered("d"), e.registered("c"))
    codes = await shop.tell(
        e.event("distributor.approved.v1", {"member_id": "d", "invited_by": None, "approved_at": FIRST}),
        e.event("binding.requested.v1", {"member_id": "c", "promoter_id": "d", "channel": "h5", "requested_at": LAST}),
    )
    assert codes == [None, None]
    bound = await shop.get("/v1/members/c/binding", as_of=LAST)
    assert (bound["state"], bound["expires_at"][:4]) == ("bound", "2101")
    assert (await shop.get("/v1/consistency"))["ok"]


FIRST = "2000-01-01T00:00:00+14:00"
"""The earliest instant an event may name: still 1999 by Greenwich."""
LAST = "2100-12-31T23:59:59-12:00"
"""The latest: 2101 by Greenwich."""
