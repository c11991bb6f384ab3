"""Who is paid for an order: read as of ``placed_at`` from what the log held before the order, then frozen."""

from tests.graph.test_projector_tree import binding, move, team
from tests.platform import Shop, at

WHOLE = [(1, "leaf", True), (2, "mid", True), (3, "root", True)]


async def test_the_lock_wins_over_any_link(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    await shop.tell(e.bound("c1", "leaf"), e.paid("o1", "c1", promoter_id="lone"), e.paid("o2", "c1"))
    assert await shop.chain("o1") == await shop.chain("o2") == WHOLE


async def test_without_a_binding_the_named_promoter_earns_and_is_bound_from_placed_at(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    await shop.tell(e.paid("o1", "c1", days=1, promoter_id="mid"))
    assert await shop.chain("o1") == [(1, "mid", True), (2, "root", True)]
    assert await binding(shop, "c1", 0.999) == ("none", None)
    assert await binding(shop, "c1", 1) == ("bound", "mid")
    assert (await shop.get("/v1/members/c1/binding", as_of=at(1)))["how"] == "order"
    await shop.tell(
        e.paid("o2", "c1", days=180.9, promoter_id="lone"), e.paid("o3", "c1", days=181, promoter_id="lone")
    )
    assert await shop.chain("o2") == [(1, "mid", True), (2, "root", True)]
    assert await shop.chain("o3") == [(1, "lone", True)]  # expired to the instant, so bound anew
    assert await binding(shop, "c1", 181) == ("bound", "lone")


async def test_an_order_that_may_not_bind_still_pays_its_promoter(shop: Shop) -> None:
    """A suspended promoter, an overlap with a later binding: no lock, but the position is theirs."""
    await team(shop)
    e = shop.events
    await shop.tell(e.suspended("lone", -5), e.bound("c2", "mid", days=5))
    await shop.tell(
        e.paid("o1", "c1", promoter_id="lone"),
        e.paid("o2", "c2", days=1, promoter_id="leaf"),
        e.paid("o3", "c3", promoter_id="c4"),  # no distributor at all: nobody is named
        e.paid("o4", "c3", promoter_id="nobody"),
    )
    assert await shop.chain("o1") == [(1, "lone", False)]
    assert await binding(shop, "c1", 2) == ("none", None)
    assert await shop.chain("o2") == WHOLE
    assert await binding(shop, "c2", 2) == ("none", None)
    assert await shop.chain("o3") == await shop.chain("o4") == []
    for order_id in ("o3", "o4"):
        assert (await shop.get(f"/v1/orders/{order_id}"))["commissions"] == []


async def test_a_distributor_without_a_binding_buys_under_its_inviter(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    await shop.tell(
        e.paid("o1", "leaf"),
        e.paid("o2", "leaf", promoter_id="lone"),
        e.paid("o3", "root"),
        e.paid("o4", "mid", days=-11),  # before it was a distributor
    )
    assert await shop.chain("o1") == [(1, "mid", True), (2, "root", True)]
    assert await shop.chain("o2") == [(1, "lone", True)]
    assert await shop.chain("o3") == await shop.chain("o4") == []


async def test_levels_are_positions(shop: Shop) -> None:
    """One who may not earn keeps the place; those above keep level and rate."""
    await team(shop)
    e = shop.events
    await shop.tell(e.bound("c1", "leaf", days=-1), e.suspended("mid", 0), e.restored("mid", 2))
    await shop.tell(e.paid("o1", "c1", 10_000, days=1), e.paid("o2", "c1", 10_000, days=2))
    found = await shop.get("/v1/orders/o1")
    assert [(person["member_id"], person.get("why")) for person in found["chain"]] == [
        ("leaf", None),
        ("mid", "suspended"),
        ("root", None),
    ]
    earned = {(part["level"], part["member_id"]): part["earned_fen"] for part in found["commissions"]}
    assert earned == {(1, "leaf"): 1_000, (3, "root"): 100}
    restored = await shop.get("/v1/orders/o2")
    assert [part["earned_fen"] for part in restored["commissions"]] == [1_000, 400, 100]


async def test_an_own_link_is_a_self_purchase_and_books_nothing(shop: Shop) -> None:
    await team(shop)
    await shop.tell(shop.events.paid("o1", "leaf", promoter_id="leaf"))
    found = await shop.get("/v1/orders/o1")
    assert found["decision"]["outcome"] == "block"
    assert [reason["rule"] for reason in found["decision"]["reasons"]] == ["self_purchase"]
    assert await shop.chain("o1") == [(1, "mid", True), (2, "root", True)]  # read as for any distributor who buys
    assert {part["state"] for part in found["commissions"]} <= {"voided"}
    assert await shop.balances("mid") == await shop.balances("leaf") == {}


async def test_a_buyer_in_the_own_chain_earns_nothing_and_is_reviewed(shop: Shop) -> None:
    """mid buys through leaf's link, whom it recruited itself."""
    await team(shop)
    await shop.tell(shop.events.paid("o1", "mid", 10_000, promoter_id="leaf"))
    found = await shop.get("/v1/orders/o1")
    assert found["decision"]["outcome"] == "review"
    assert [reason["rule"] for reason in found["decision"]["reasons"]] == ["buyer_in_chain"]
    assert [(person["member_id"], person.get("why")) for person in found["chain"]] == [
        ("leaf", None),
        ("mid", "buyer"),
        ("root", None),
    ]
    assert await shop.balances("leaf") == {"held_fen": 1_000}
    assert await shop.balances("root") == {"held_fen": 100}
    assert await shop.balances("mid") == {}
    # a lock on leaf would be a loop, so there is none
    assert (await shop.get("/v1/members/mid/binding", as_of=at(2)))["state"] == "none"


async def test_what_the_log_learns_later_never_changes_an_old_order(shop: Shop) -> None:
    """Approvals, bindings, suspensions and moves that reach back before placed_at but come after the order."""
    await team(shop)
    e = shop.events
    await shop.tell(e.bound("c1", "leaf", days=-1), e.paid("o1", "c1", days=1), e.paid("o2", "c2", days=1))
    frozen = [await shop.get(f"/v1/orders/{order_id}") for order_id in ("o1", "o2")]
    await shop.tell(
        e.suspended("mid", 0),
        e.bound("c2", "mid", days=0),
        e.bound("c2", "lone", days=0),
        e.approved("c3", days=0, invited_by=None),
        e.approved("leaf", grade="S"),
        e.paid("o3", "c1", days=1),
        e.paid("o4", "c2", days=1),
    )
    assert (await move(shop, "leaf", "lone"))[0] == 200
    assert [await shop.get(f"/v1/orders/{order_id}") for order_id in ("o1", "o2")] == frozen
    assert await shop.chain("o1") == WHOLE
    # an order of the same instant that came after them sees them
    assert await shop.chain("o3") == [(1, "leaf", True), (2, "mid", False), (3, "root", True)]
    assert await shop.chain("o4") == [(1, "lone", True)]
    # a rebuilt graph reads the old orders as they were read the first time
    before = await shop.get("/v1/consistency")
    await shop.post("/v1/ops/run", "admin", {"job": "rebuild_graph"})
    after = await shop.get("/v1/consistency")
    assert before["ok"] and after["ok"] and after["graph"] == before["graph"]
    assert [await shop.get(f"/v1/orders/{order_id}") for order_id in ("o1", "o2")] == frozen


async def test_one_set_of_lines_per_order(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    seqs = await shop.accept(
        e.paid("o1", "c1", 10_000, promoter_id="mid"),
        e.paid("o1", "c1", 10_000, promoter_id="mid"),
        e.paid("o1", "c1", 20_000, promoter_id="mid"),
    )
    await shop.drain()
    said = [await shop.outcome(seq) for seq in seqs]
    assert [(one["graph"], one["ledger"], one["code"]) for one in said] == [
        ("applied", "applied", None),
        ("none", "none", None),
        ("refused", "refused", "order_conflict"),
    ]
    assert await shop.balances("mid") == {"pending_fen": 1_000}


async def test_an_unknown_buyer_becomes_a_bare_member(shop: Shop) -> None:
    await team(shop)
    await shop.tell(shop.events.paid("o1", "stranger", promoter_id="leaf"))
    assert await shop.chain("o1") == WHOLE
    found = await shop.get("/v1/members/stranger")
    assert (found["kind"], found["is_distributor"], found["registered_at"]) == ("customer", False, None)


async def test_a_rotating_number_hides_nobodys_own(shop: Shop) -> None:
    """A privacy number (with extension) ties nobody, and does not keep the number itself from tying."""
    await team(shop)
    e = shop.events
    await shop.tell(
        e.paid("o1", "c1", promoter_id="leaf", phone="13800138000转1234"),
        e.identified("leaf", phone="13800138000"),
        e.paid("o2", "c2", promoter_id="leaf", phone="13800138000转99"),
        e.paid("o3", "c3", promoter_id="leaf", phone="+86 138 0013 8000"),
    )
    decided = {name: (await shop.get(f"/v1/orders/{name}"))["decision"]["outcome"] for name in ("o1", "o2", "o3")}
    assert decided == {"o1": "allow", "o2": "allow", "o3": "review"}
