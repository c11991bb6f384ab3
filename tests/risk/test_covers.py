"""A check covers what it saw: an order paid as it was checked keeps its decision, any other is decided anew as well."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.domain.saw import FIELDS, Saw, differing, saw
from tests.platform import Shop, at, order
from tests.risk.test_checks import OWN, check, team

ADDRESS: dict[str, str] = {
    "province": "浙江省",
    "city": "杭州市",
    "county": "西湖区",
    "detail": "文三路 90 号 5 幢 602",
}
NAMED: dict[str, Any] = {
    "promoter_id": "leaf",
    "device_id": "9f86d081-884c-4d63-9b7a-1e2b3c4d5e6f",
    "ip": "203.0.113.99",
    "phone": "13911112222",
    "payout_account": "6222020200112299999",
    "address": ADDRESS,
}


async def decided(shop: Shop, order_id: str) -> dict[str, Any]:
    """The decision an order was booked under."""
    found: dict[str, Any] = (await shop.get(f"/v1/orders/{order_id}"))["decision"]
    stored = await shop.get(f"/v1/risk/decisions/{found['decision_id']}")
    assert (stored["outcome"], stored["differs"]) == (found["outcome"], found["differs"])
    return found


DIFFERENT: list[tuple[str, dict[str, Any], list[str]]] = [
    ("another buyer", {"buyer_id": "somebody"}, ["buyer"]),
    ("another promoter", {"promoter_id": "mid"}, ["promoter"]),
    ("no promoter", {"promoter_id": None}, ["promoter"]),
    ("another amount", {"lines_fen": (30_000, 20_001)}, ["amount"]),
    ("another device", {"device_id": "device-2"}, ["device"]),
    ("no device", {"device_id": None}, ["device"]),
    ("another ip", {"ip": "203.0.113.98"}, ["ip"]),
    ("another phone", {"phone": "13911113333"}, ["phone"]),
    ("no payout account", {"payout_account": None}, ["payout_account"]),
    ("another address", {"address": {**ADDRESS, "detail": "文三路 91 号 5 幢 602"}}, ["address"]),
    ("all at once", {"buyer_id": "x", "phone": None, "lines_fen": (1,)}, ["buyer", "amount", "phone"]),
]


@pytest.mark.parametrize(("what", "changes", "fields"), DIFFERENT, ids=[case[0] for case in DIFFERENT])
@pytest.mark.parametrize("turned", [False, True], ids=["checked so, paid otherwise", "the other way round"])
async def test_what_differs_is_named_and_alone_makes_nothing_worse(
    shop: Shop, what: str, changes: dict[str, Any], fields: list[str], turned: bool
) -> None:
    await team(shop)

    def told(**changes: Any) -> dict[str, Any]:
        data = {"buyer_id": "buyer", "lines_fen": (50_000,), **NAMED, **changes}
        given = {name: value for name, value in data.items() if value is not None}
        return order("o", given.pop("buyer_id"), *given.pop("lines_fen"), **given)

    checked, paid = (told(**changes), told()) if turned else (told(), told(**changes))
    said = await check(shop, "k", checked)
    assert (said["outcome"], said["differs"]) == ("allow", None)
    await shop.tell(shop.events.event("order.paid.v1", paid))
    booked = await decided(shop, "o")
    assert booked["differs"] == {"decision_id": said["decision_id"], "fields": fields}
    assert booked["decision_id"] != said["decision_id"]
    assert (booked["outcome"], booked["reasons"]) == ("allow", [])


async def test_what_is_the_same_in_other_words_is_covered(shop: Shop) -> None:
    """Spelling, times, channel, region, freight and how the sum is split do not count."""
    await team(shop)
    said = await check(shop, "k", order("o", "buyer", 50_000, **NAMED))
    other: dict[str, Any] = {
        "device_id": "9F86D081884C4D639B7A1E2B3C4D5E6F",
        "ip": "::ffff:203.0.113.99",
        "phone": "+86 139-1111-2222",
        "payout_account": "6222 0202 0011 2299 999",
        "channel": "mini_program",
        "region": "330000",
        "freight_fen": 800,
        "placed_at": at(1.01),
        "paid_at": at(1.02),
    }
    await shop.tell(shop.events.event("order.paid.v1", order("o", "buyer", 20_000, 30_000, **{**NAMED, **other})))
    booked = await decided(shop, "o")
    assert (booked["decision_id"], booked["differs"]) == (said["decision_id"], None)


async def test_the_worse_of_both_counts(shop: Shop) -> None:
    """Allowed and then paid with a shared phone; reviewed for one and then paid without it; and each for its own."""
    await team(shop)
    e = shop.events
    plain: dict[str, Any] = {"promoter_id": "leaf"}
    tied = {**plain, "phone": OWN["phone"]}
    other = {**plain, "device_id": OWN["device"]}
    said = {
        name: await check(shop, name, order(name, f"b-{name}", **named))
        for name, named in (("worse", plain), ("better", tied), ("both", tied))
    }
    await shop.tell(
        e.paid("worse", "b-worse", **tied), e.paid("better", "b-better", **plain), e.paid("both", "b-both", **other)
    )
    booked = {name: await decided(shop, name) for name in said}
    assert {name: one["outcome"] for name, one in booked.items()} == dict.fromkeys(said, "review")
    assert {name: one["differs"]["fields"] for name, one in booked.items()} == {
        "worse": ["phone"],
        "better": ["phone"],
        "both": ["device", "phone"],
    }
    paths = {
        name: [path["path"][1]["kind"] for reason in one["reasons"] for path in reason["evidence"]]
        for name, one in booked.items()
    }
    assert paths == {"worse": ["phone"], "better": ["phone"], "both": ["device"]}
    for one in booked.values():
        replayed = await shop.post(f"/v1/risk/decisions/{one['decision_id']}/replay", "analyst")
        assert replayed["agrees"], replayed


async def test_a_paid_order_that_differs_is_counted_anew(shop: Shop) -> None:
    """The counters of a device that the check never saw."""
    await team(shop)
    e = shop.events
    await shop.tell(*(e.paid(f"p{n}", "regular", promoter_id="leaf", device_id="till") for n in range(30)))
    assert (await check(shop, "k", order("o", "buyer", promoter_id="leaf")))["outcome"] == "allow"
    await shop.tell(e.paid("o", "buyer", promoter_id="leaf", device_id="till"))
    booked = await decided(shop, "o")
    assert [reason["rule"] for reason in booked["reasons"]] == ["device_velocity"]
    assert booked["differs"]["fields"] == ["device"]


TOLD = st.builds(
    saw,
    st.sampled_from(["a", "b"]),
    st.none() | st.sampled_from(["p", "q"]),
    st.integers(0, 2),
    st.just({}),
)


@given(one=TOLD, other=TOLD)
def test_differing_is_symmetric_and_says_nothing_of_the_same(one: Saw, other: Saw) -> None:
    assert differing(one, other) == differing(other, one)
    assert differing(one, one) == []
    assert bool(differing(one, other)) == (one != other)
    assert set(differing(one, other)) <= set(FIELDS)
