"""The tree as events build it: who may be bound, approved and moved, every refusal and which of two comes first."""

import asyncio
from typing import Any

import pytest

from tests.platform import T0, Shop, at


async def team(shop: Shop, days: float = -10) -> None:
    """Three tiers root ← mid ← leaf, a lone distributor, and customers c1 … c4; by default since ten days."""
    e = shop.events
    codes = await shop.tell(
        *(
            e.registered(name, registered_at=at(days))
            for name in ("root", "mid", "leaf", "lone", "c1", "c2", "c3", "c4")
        ),
        e.approved("root", days=days, invited_by=None),
        e.approved("mid", days=days, invited_by="root"),
        e.approved("leaf", days=days, invited_by="mid"),
        e.approved("lone", days=days, invited_by=None),
    )
    assert set(codes) == {None}


async def binding(shop: Shop, member_id: str, days: float) -> tuple[str, str | None]:
    found = await shop.get(f"/v1/members/{member_id}/binding", as_of=at(days))
    return found["state"], found["promoter_id"]


async def uplines(shop: Shop, member_id: str, days: float = 0) -> list[str]:
    found = await shop.get(f"/v1/members/{member_id}/uplines", as_of=at(days))
    return [upline["member_id"] for upline in found["items"]]


async def test_binding_refusals_in_their_order(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    assert await shop.tell(
        e.suspended("lone", -5),
        e.bound("c1", "mid", days=0),
        e.bound("mid", "lone", days=-9),
    ) == [None, None, None]
    cases = [
        # who, to whom, when, the first of the codes that apply
        ("nobody", "mid", 0, "unknown_member"),
        ("c2", "nobody", 0, "unknown_member"),
        ("nobody", "nobody", 0, "unknown_member"),  # and itself
        ("c2", "c2", 0, "self_binding"),  # and no distributor
        ("lone", "lone", 0, "self_binding"),  # and suspended
        ("mid", "mid", 0, "self_binding"),  # and bound already
        ("c2", "c3", 0, "promoter_inactive"),
        ("c2", "lone", 0, "promoter_inactive"),
        ("c2", "mid", -11, "promoter_inactive"),  # not yet approved then
        ("c1", "c3", 0, "promoter_inactive"),  # and bound already
        ("c1", "leaf", 1, "already_bound"),
        ("c1", "mid", 1, "already_bound"),  # the same promoter again renews nothing
        ("c1", "leaf", -1, "already_bound"),  # it would run into the binding that begins later
        ("mid", "leaf", 0, "already_bound"),  # and a loop
        ("root", "leaf", 0, "would_loop"),
        ("root", "mid", 0, "would_loop"),
        ("c2", "lone", -6, None),  # suspended only the day after
    ]
    codes = await shop.tell(*(e.bound(member, promoter, days) for member, promoter, days, _ in cases))
    assert dict(zip(cases, codes, strict=True)) == {case: case[3] for case in cases}
    assert await binding(shop, "root", 0) == ("none", None)


async def test_a_binding_holds_180_days_of_24_hours_to_the_instant(shop: Shop) -> None:
    await team(shop, days=-200)
    e = shop.events
    tick = 1 / 86_400
    assert await shop.tell(e.bound("c1", "mid")) == [None]
    assert await binding(shop, "c1", -tick) == ("none", None)
    assert await binding(shop, "c1", 0) == ("bound", "mid")
    assert await binding(shop, "c1", 180 - tick) == ("bound", "mid")
    assert await binding(shop, "c1", 180) == ("expired", "mid")
    assert await shop.tell(
        e.bound("c1", "leaf", days=180 - tick),
        e.bound("c1", "leaf", days=-180 + tick),
        e.bound("c1", "leaf", days=180),
        e.bound("c1", "lone", days=-180),
    ) == ["already_bound", "already_bound", None, None]
    assert await binding(shop, "c1", -tick) == ("bound", "lone")
    assert await binding(shop, "c1", 180 - tick) == ("bound", "mid")
    assert await binding(shop, "c1", 180) == ("bound", "leaf")


async def test_bindings_and_invitations_make_one_loop(shop: Shop) -> None:
    """a bought through b, b was recruited by c: c may not be bound to a, nor recruited by it."""
    e = shop.events
    day = (await shop.start() - T0).days  # a move is judged now, so the bindings must hold now
    codes = await shop.tell(
        *(e.registered(name) for name in "abcd"),
        e.approved("a", invited_by=None),
        e.approved("c", invited_by=None),
        e.approved("b", invited_by="c"),
        e.bound("a", "b", day),
        e.bound("c", "a", day),
        e.approved("d", invited_by=None),
        e.bound("d", "a", day),
        e.bound("c", "d", day),
    )
    assert codes == [None] * 8 + ["would_loop", None, None, "would_loop"]
    moved = await shop.call("POST", "/v1/distributors/c/move", "operator", json={"invited_by": "a", "reason": "t"})
    assert (moved.status_code, moved.json()["code"]) == (409, "would_loop")
    # once a's binding has ended there is nothing to loop through
    assert await shop.tell(e.bound("c", "a", days=day + 181)) == [None]


async def test_approval_under_the_named_the_promoter_or_nobody(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    codes = await shop.tell(
        *(e.bound(name, "root") for name in ("c1", "c2", "c3")),
        e.approved("c1"),  # left out: under the promoter
        e.approved("c2", invited_by=None),  # an explicit null: a root
        e.approved("c3", invited_by="mid"),
        e.approved("c4"),  # left out and not bound: a root
    )
    assert codes == [None] * 7
    assert [await uplines(shop, name) for name in ("c1", "c2", "c3", "c4")] == [["root"], [], ["mid", "root"], []]
    # the binding of c2 still decides who earns on what it buys
    await shop.tell(e.paid("o1", "c2"))
    assert await shop.chain("o1") == [(1, "root", True)]


async def test_approval_refusals_in_their_order_leave_no_distributor(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    assert await shop.tell(e.suspended("lone", -5), e.bound("c4", "leaf")) == [None, None]
    cases: list[tuple[str, dict[str, Any], str | None]] = [
        ("nobody", {"invited_by": "root"}, "unknown_member"),
        ("c1", {"invited_by": "nobody"}, "unknown_member"),
        ("c1", {"invited_by": "c1"}, "self_binding"),
        ("c1", {"invited_by": "c2"}, "promoter_inactive"),
        ("c1", {"invited_by": "lone"}, "promoter_inactive"),
        ("c1", {"invited_by": "root", "approved_at": at(-11)}, "promoter_inactive"),
        ("c1", {"invited_by": "leaf"}, "too_deep"),
        ("c4", {}, "too_deep"),  # under its promoter
        ("mid", {"invited_by": "lone"}, "promoter_inactive"),  # and another inviter
        ("mid", {"invited_by": "leaf"}, "already_bound"),  # and a loop, and too deep
        ("root", {"invited_by": "mid"}, "already_bound"),
    ]
    codes = await shop.tell(*(e.approved(member, **data) for member, data, _ in cases))
    assert codes == [code for _, _, code in cases]
    for name in ("c1", "c4"):
        assert not (await shop.get(f"/v1/members/{name}"))["is_distributor"]
    assert await shop.tell(e.approved("c1", invited_by="mid")) == [None]  # the refusals left nothing in the way


async def test_a_second_approval_sets_the_grade_and_nothing_else(shop: Shop) -> None:
    await team(shop)
    e = shop.events

    async def profile() -> tuple[str, str, str]:
        found = await shop.get("/v1/members/mid")
        return found["grade"], found["status"], found["inviter_id"]

    assert await shop.tell(e.suspended("mid", -1), e.approved("mid", grade="A", invited_by="root")) == [None, None]
    assert await profile() == ("A", "suspended", "root")
    without_inviter = e.approved("mid", grade="S")
    explicit_null = e.approved("mid", grade="C", invited_by=None)
    assert await shop.tell(without_inviter) == [None]
    assert await profile() == ("S", "suspended", "root")
    assert await shop.tell(explicit_null, e.restored("mid", 0), e.approved("mid", invited_by="lone")) == [
        None,
        None,
        "already_bound",
    ]
    assert await profile() == ("C", "active", "root")
    # the inviter may be suspended by now: naming it again asks for no new place under it
    assert await shop.tell(e.suspended("root", 1), e.approved("mid", days=2, grade="B", invited_by="root")) == [
        None,
        None,
    ]


async def test_standing_of_those_who_have_none(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    assert await shop.tell(e.suspended("nobody", 0), e.suspended("c1", 0), e.restored("c1", 0)) == [
        "unknown_member",
        "not_a_distributor",
        "not_a_distributor",
    ]


async def test_suspensions_hold_from_their_instant_however_late_they_come(shop: Shop) -> None:
    """Standing is what held at the instant asked for, whatever order the events came in."""
    await team(shop)
    e = shop.events
    assert await shop.tell(
        e.restored("mid", 20),
        e.suspended("mid", 10),  # came after the restoration that follows it in time
        e.bound("c1", "mid", days=9),
        e.bound("c2", "mid", days=10),
        e.bound("c3", "mid", days=20),
    ) == [None, None, None, "promoter_inactive", None]
    assert await shop.tell(e.suspended("mid", 8), e.bound("c4", "mid", days=9)) == [None, "promoter_inactive"]
    assert await binding(shop, "c1", 9) == ("bound", "mid")  # what was bound before stays


async def move(shop: Shop, member_id: str, invited_by: str | None, **more: Any) -> tuple[int, str | None]:
    asked = {"invited_by": invited_by, "reason": "test", **more}
    answer = await shop.call("POST", f"/v1/distributors/{member_id}/move", "operator", json=asked)
    return answer.status_code, answer.json().get("code")


async def test_moves_and_their_refusals(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    await shop.tell(
        *(e.registered(name) for name in ("r2", "r3")),
        e.approved("r2", days=-10, invited_by=None),
        e.approved("r3", days=-10, invited_by="r2"),
        e.suspended("lone", -5),
    )
    assert await move(shop, "nobody", "root") == (409, "unknown_member")
    assert await move(shop, "c1", "root") == (409, "unknown_member")  # no distributor: there is nothing to move
    assert await move(shop, "mid", "nobody") == (409, "unknown_member")
    assert await move(shop, "mid", "mid") == (409, "self_binding")
    assert await move(shop, "mid", "lone") == (409, "promoter_inactive")
    assert await move(shop, "mid", "c1") == (409, "promoter_inactive")
    assert await move(shop, "mid", "root") == (409, "already_bound")
    assert await move(shop, "root", None) == (409, "already_bound")
    assert await move(shop, "mid", "leaf") == (409, "would_loop")  # and too deep
    assert await move(shop, "mid", "r3") == (409, "too_deep")  # mid alone would fit, leaf below it would not
    assert await move(shop, "root", "r2") == (409, "too_deep")
    assert await move(shop, "mid", "r3", dry_run=True) == (409, "too_deep")

    before = await shop.get("/v1/consistency")
    planned = await shop.post(
        "/v1/distributors/mid/move", "operator", {"invited_by": "r2", "reason": "test", "dry_run": True}
    )
    assert planned == {
        "state": "planned",
        "member_id": "mid",
        "invited_by": "r2",
        "orders_affected": 0,
        "members_moved": 2,
        "depth_after": 3,
    }
    assert (await shop.get("/v1/consistency"))["graph"] == before["graph"]

    moved = await shop.post("/v1/distributors/mid/move", "operator", {"invited_by": "r2", "reason": "test"})
    assert (moved["state"], moved["members_moved"], moved["depth_after"]) == ("moved", 2, 3)
    assert [row["member_id"] for row in (await shop.get("/v1/members/leaf/uplines"))["items"]] == ["mid", "r2"]
    assert await uplines(shop, "leaf", -9) == ["mid", "root"]  # as it was
    # what left root may now take root in: the old edge is closed
    assert (await move(shop, "root", "r3"))[0] == 200
    assert (await move(shop, "mid", None))[0] == 200
    assert [row["member_id"] for row in (await shop.get("/v1/members/leaf/uplines"))["items"]] == ["mid"]
    assert (await shop.get("/v1/consistency"))["ok"]


async def test_registrations_bind_and_fill_in_what_is_missing(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    seqs = await shop.accept(
        e.registered("new", invited_by="mid", entry_channel="poster"),
        e.registered("new2", invited_by="c1"),
        e.registered("new3", link_code="L1"),
        e.paid("o1", "bare"),
        e.registered("bare", invited_by="leaf", kind="employee", registered_at=at(2)),
        e.registered("new", kind="employee", platform="app", external_id="open-1", registered_at=at(5)),
    )
    await shop.drain()
    outcomes = [(await shop.outcome(seq))["graph"] for seq in seqs]
    assert outcomes == ["applied"] * 6
    assert [(await shop.outcome(seq))["code"] for seq in seqs] == [
        None,
        "promoter_inactive",  # the member is made all the same
        "unknown_link",
        None,
        None,
        None,
    ]
    assert await binding(shop, "new", 1) == ("bound", "mid")
    assert await binding(shop, "new2", 1) == ("none", None)
    bare = await shop.get("/v1/members/bare")
    assert (bare["kind"], bare["registered_at"]) == ("employee", at(2))
    new = await shop.get("/v1/members/new")
    assert (new["kind"], new["registered_at"]) == ("customer", at(0))  # what is known stays
    assert [account["platform"] for account in new["accounts"]] == ["app"]


async def test_crossing_binds_at_the_same_moment_exactly_one_wins(shop: Shop) -> None:
    """a to b and b to a, twenty times, over HTTP and at once: one is bound, the other would loop."""
    e = shop.events
    pairs = [(f"a{number}", f"b{number}") for number in range(20)]
    await shop.tell(
        *(e.registered(name) for pair in pairs for name in pair),
        *(e.approved(name, days=-1, invited_by=None) for pair in pairs for name in pair),
    )

    async def bind(member_id: str, promoter_id: str) -> str:
        body = {"member_id": member_id, "promoter_id": promoter_id, "channel": "h5", "at": at()}
        answer = await shop.call("POST", "/v1/bindings", "operator", json=body)
        return "bound" if answer.status_code == 201 else str(answer.json()["code"])

    said = await asyncio.gather(*(bind(*way) for a, b in pairs for way in ((a, b), (b, a))))
    races = [sorted(said[place : place + 2]) for place in range(0, len(said), 2)]
    assert races == [["bound", "would_loop"]] * 20
    assert (await shop.get("/v1/consistency"))["ok"]


@pytest.mark.parametrize("levels", [1, 2, 3])
async def test_uplines_stop_at_the_levels_asked_for(shop: Shop, levels: int) -> None:
    await team(shop)
    await shop.tell(shop.events.bound("c1", "leaf", days=-5))
    found = await shop.get("/v1/members/c1/uplines", as_of=at(), levels=str(levels))
    assert [(row["level"], row["member_id"]) for row in found["items"]] == [(1, "leaf"), (2, "mid"), (3, "root")][
        :levels
    ]


async def test_pages_of_a_team(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    names = [f"d{number}" for number in range(5)]
    await shop.tell(
        *(e.registered(name) for name in names), *(e.approved(name, days=-2, invited_by="mid") for name in names)
    )
    seen, cursor = [], None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = await shop.get("/v1/members/root/team", as_of=at(), **query)
        seen += [(row["level"], row["member_id"]) for row in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [(1, "mid"), *((2, name) for name in (*names, "leaf"))]
    assert [row["direct_count"] for row in (await shop.get("/v1/members/root/team", depth="1"))["items"]] == [6]
    assert (await shop.get("/v1/members/root/team", as_of=at(-11)))["items"] == []


async def test_equal_instants_are_equal_whatever_offset_they_are_told_with(shop: Shop) -> None:
    """Approved, bound and bought in one instant, told in three time zones."""
    e, told = shop.events, ("2026-03-02T08:00:00Z", "2026-03-02T16:00:00+08:00", "2026-03-02T03:00:00-05:00")
    for n, approved in enumerate(told):
        for k, bound in enumerate(told):
            p, b = f"p{n}{k}", f"b{n}{k}"
            codes = await shop.tell(
                e.registered(p, registered_at=approved),
                e.approved(p, invited_by=None, approved_at=approved),
                e.registered(b),
                e.event(
                    "binding.requested.v1",
                    {"member_id": b, "promoter_id": p, "channel": "h5", "requested_at": bound},
                ),
                e.paid(f"o{n}{k}", b, placed_at=approved, paid_at=approved),
            )
            assert codes == [None] * 5
            assert await shop.chain(f"o{n}{k}") == [(1, p, True)]
