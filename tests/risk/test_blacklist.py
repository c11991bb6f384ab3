"""What the blacklist holds of buyer, order and payees counts, at check and booking; what ties is never dropped."""

from typing import Any

import pytest

from graph.findings import OrderFound
from risk.flows import decide
from risk.store import decisions as store
from tests.platform import Shop, order
from tests.risk.test_checks import check, team

PHONE = "13700001111"
ACCOUNT = "6222020200112288888"


def rules(said: dict[str, Any]) -> list[str]:
    return [reason["rule"] for reason in said["reasons"]]


async def listed(shop: Shop, kind: str, value: str) -> str:
    """List something; the id of its entry."""
    body = {"kind": kind, "value": value, "reason": "test"}
    entry: str = (await shop.post("/v1/risk/blacklist", "analyst", body, 201))["entry_id"]
    return entry


async def booked(shop: Shop, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await shop.get(f"/v1/orders/{order_id}"))["decision"]
    return found


PAID_TO: dict[str, Any] = {"payout_account": ACCOUNT}
LISTED: list[tuple[str, str, str, dict[str, Any], dict[str, Any], list[str]]] = [
    # what, kind, value, identifiers of a member, fields of the order, the kinds along the path that shows it
    ("the order's phone", "phone", PHONE, {}, {"phone": PHONE}, ["order", "phone"]),
    ("the order's account", "payout_account", ACCOUNT, {}, PAID_TO, ["order", "payout_account"]),
    ("a number that ties nobody", "phone", "170****1111", {}, {"phone": "170****1111"}, ["order", "phone"]),
    ("the buyer", "member", "buyer", {}, {}, ["order", "member"]),
    ("the buyer's phone", "phone", PHONE, {"buyer": {"phone": PHONE}}, {}, ["order", "member", "phone"]),
    (
        "a number of the buyer's that ties nobody",
        "phone",
        "170****1111",
        {"buyer": {"phone": "170****1111"}},
        {},
        ["order", "member", "phone"],
    ),
    (
        "a number of level 1's that ties nobody",
        "phone",
        "170****1111",
        {"leaf": {"phone": "170****1111"}},
        {},
        ["order", "member", "phone"],
    ),
    ("level 1", "member", "leaf", {}, {}, ["order", "member"]),
    ("level 1's device", "device", "bad", {"leaf": {"device": "bad"}}, {}, ["order", "member", "device"]),
    ("level 3's account", "payout_account", ACCOUNT, {"root": PAID_TO}, {}, ["order", "member", "payout_account"]),
    ("level 2's unionid", "unionid", "oBad-01", {"mid": {"unionid": "oBad-01"}}, {}, ["order", "member", "unionid"]),
]


@pytest.mark.parametrize(("what", "kind", "value", "own", "named", "path"), LISTED, ids=[case[0] for case in LISTED])
async def test_whoever_is_listed_is_reviewed(
    shop: Shop, what: str, kind: str, value: str, own: dict[str, Any], named: dict[str, Any], path: list[str]
) -> None:
    """At the check, for an unchecked order, and for one that was allowed at its check before the listing."""
    await team(shop)
    e = shop.events
    for member, values in own.items():
        await shop.tell(e.identified(member, **values))
    data: dict[str, Any] = {"promoter_id": "leaf", **named}
    assert (await check(shop, "before", order("o1", "buyer", **data)))["outcome"] == "allow"
    entry = await listed(shop, kind, value)
    await shop.drain()
    said = await check(shop, "after", order("o2", "buyer", **data))
    assert rules(said) == ["blacklisted"]
    await shop.tell(e.paid("o1", "buyer", **data), e.paid("o3", "buyer", **data))
    for order_id in ("o1", "o3"):
        decision = await booked(shop, order_id)
        assert (decision["outcome"], rules(decision)) == ("review", ["blacklisted"])
        (evidence,) = decision["reasons"][0]["evidence"]
        assert [node["kind"] for node in evidence["path"]] == path
        assert (await shop.post(f"/v1/risk/decisions/{decision['decision_id']}/replay", "analyst"))["agrees"]
    await shop.call("DELETE", f"/v1/risk/blacklist/{entry}", "analyst")
    await shop.drain()
    assert (await check(shop, "lifted", order("o4", "buyer", **data)))["outcome"] == "allow"
    await shop.tell(e.paid("o5", "buyer", **data))
    assert (await booked(shop, "o5"))["outcome"] == "allow"
    assert (await booked(shop, "o3"))["outcome"] == "review"  # lifting changes no order that was booked


async def test_a_listed_ip_is_a_mark_and_no_more(shop: Shop) -> None:
    await team(shop)
    await shop.tell(shop.events.identified("leaf", ip="203.0.113.50"))
    await listed(shop, "ip", "203.0.113.50")
    await shop.drain()
    said = await check(shop, "k", order("o", "buyer", promoter_id="leaf", ip="203.0.113.50"))
    assert (said["outcome"], rules(said)) == ("allow", ["blacklist_mark"])
    assert rules(await check(shop, "theirs", order("o2", "buyer", promoter_id="leaf"))) == ["blacklist_mark"]
    await shop.tell(shop.events.paid("p", "buyer", promoter_id="leaf"))
    assert rules(await booked(shop, "p")) == ["blacklist_mark"]


async def test_no_identifier_that_ties_is_ever_dropped(shop: Shop) -> None:
    """A hundred devices, then a payout account and a phone: both are seen, and so is the first device."""
    await team(shop)
    e = shop.events
    devices = [{"kind": "device", "value": f"emulator-{number}"} for number in range(100)]
    for half in (devices[:50], devices[50:]):
        data = {"member_id": "leaf", "seen_at": "2026-03-02T08:00:00Z", "identifiers": half}
        await shop.tell(e.event("member.identified.v1", data))
    await shop.tell(e.identified("leaf", payout_account=ACCOUNT), e.identified("leaf", phone=PHONE))
    for number, named in enumerate(({"payout_account": ACCOUNT}, {"phone": PHONE}, {"device_id": "emulator-0"})):
        through: dict[str, Any] = {"promoter_id": "leaf", **named}
        assert rules(await check(shop, f"k{number}", order(f"o{number}", "buyer", **through))) == ["shared_tie"]
    await listed(shop, "phone", PHONE)
    await shop.drain()
    assert rules(await check(shop, "k", order("o", "buyer", promoter_id="leaf"))) == ["blacklisted"]
    await shop.tell(e.paid("p", "buyer", promoter_id="leaf"))
    assert rules(await booked(shop, "p")) == ["blacklisted"]


async def test_the_blacklist_is_asked_for_a_batch(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two queries for a stretch of orders, however many there are."""
    await team(shop)
    asked: dict[str, list[int]] = {"things": [], "members": []}
    things, of_members = store.listed_things, store.listed_of_members

    async def counted_things(conn: Any, brand: str, named: Any, after: int) -> Any:
        if brand == shop.brand:
            asked["things"].append(len(named))
        return await things(conn, brand, named, after)

    async def counted_members(conn: Any, brand: str, members: Any, after: int) -> Any:
        if brand == shop.brand:
            asked["members"].append(len(members))
        return await of_members(conn, brand, members, after)

    monkeypatch.setattr(store, "listed_things", counted_things)
    monkeypatch.setattr(store, "listed_of_members", counted_members)
    e = shop.events
    await shop.tell(*(e.paid(f"o{n}", f"b{n}", promoter_id="leaf", phone=f"137{n:08d}") for n in range(80)))
    assert len(asked["things"]) == len(asked["members"]) < 20
    assert sum(asked["members"]) >= 80


async def test_an_order_is_decided_by_what_was_listed_before_it(shop: Shop) -> None:
    """However the log is cut: entries and orders count by their numbers in it."""
    await team(shop)
    async with shop.parts.postgres.brand(shop.brand) as conn:
        row = {"entry_id": "e", "kind": "phone", "token": "t", "reason": "r", "actor": "a"}
        at = await shop.parts.clock.now()
        await store.list_entry(conn, shop.brand, 10, at=at, **row)
        await store.know_identifiers(conn, shop.brand, [("buyer", "phone", "t", 12)])
        await store.lift_entry(conn, shop.brand, 20, "e", at, "a")
        found = OrderFound(None, new_buyer=False, chain=(), ties=(), named_self=False)
        orders = [
            decide.OrderToDecide(seq, f"o{seq}", buyer, {"buyer": buyer, "amount": 1, **named}, found)
            for seq, buyer, named in (
                (9, "x", {"phone": "t"}),
                (11, "x", {"phone": "t"}),
                (110, "x", {"phone": "t"}),
                (12, "buyer", {}),
                (13, "buyer", {}),
                (21, "buyer", {}),
            )
        ]
        listings = await decide.listed_when_they_came(conn, shop.brand, orders)
        await conn.rollback()
    assert {seq: len(things) for seq, things in listings.items()} == {9: 0, 11: 1, 110: 0, 12: 0, 13: 1, 21: 0}
