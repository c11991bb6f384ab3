"""How fast orders come: windows that nothing told late, early or ahead can empty, checked and paid counted apart."""

import asyncio
import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import limits
from core.clock import iso, microseconds, wall_now
from risk.flows.wire import counted_at
from risk.store.wire import Asked, Stand, Wire
from tests.platform import T0, Running, Shop, order
from tests.risk.test_checks import check, team

MINUTE = 1 / (24 * 60)


def rules(said: dict[str, Any]) -> list[str]:
    return [reason["rule"] for reason in said["reasons"]]


def named(number: int, minutes: float, days: float = 1, **data: Any) -> dict[str, Any]:
    """The order of one more buyer on the device ``kiosk``, so many minutes after a day."""
    given: dict[str, Any] = {"device_id": "kiosk", **data}
    return order(f"o{number}", f"b{number}", days=days + minutes * MINUTE, **given)


ARRIVALS = {
    "as they were placed": list(range(12)),
    "the other way round": list(range(12))[::-1],
    "from the middle out": [6, 5, 7, 4, 8, 3, 9, 2, 10, 1, 11, 0],
    "the middle last": [0, 11, 1, 10, 2, 9, 3, 8, 4, 7, 5, 6],
}


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("promoter", [None, "leaf"])
async def test_twelve_buyers_on_one_device_within_ten_minutes(shop: Shop, arrival: str, promoter: str | None) -> None:
    """The twelfth to come is reviewed, at the check and at the booking, whenever it was placed; eleven are allowed."""
    await team(shop)
    through: dict[str, Any] = {"promoter_id": promoter} if promoter else {}
    orders = [named(number, 0.9 * number, **through) for number in ARRIVALS[arrival]]
    said = [await check(shop, f"k{number}", data) for number, data in enumerate(orders)]
    assert [one["outcome"] for one in said] == ["allow"] * 11 + ["review"]
    assert rules(said[-1]) == ["device_buyers"]
    unchecked = [{**data, "order_id": f"p{number}"} for number, data in enumerate(orders)]
    await shop.tell(*(shop.events.event("order.paid.v1", data) for data in unchecked))
    booked = [(await shop.get(f"/v1/orders/{data['order_id']}"))["decision"] for data in unchecked]
    assert [one["outcome"] for one in booked] == ["allow"] * 11 + ["review"]
    assert rules(booked[-1]) == ["device_buyers"]


async def test_windows_are_half_open(shop: Shop) -> None:
    """Twelve buyers over exactly ten minutes are in no window together; a microsecond less, and they are."""
    await team(shop)
    for number in range(11):
        assert (await check(shop, f"k{number}", named(number, 0)))["outcome"] == "allow"
    ten_minutes = T0 + timedelta(days=1, minutes=10)
    beyond = {**named(11, 0), "placed_at": iso(ten_minutes)}
    assert (await check(shop, "beyond", beyond))["outcome"] == "allow"
    within = {**named(12, 0), "placed_at": iso(ten_minutes - timedelta(microseconds=1))}
    assert rules(await check(shop, "within", within)) == ["device_buyers"]


async def test_orders_dated_ahead_blind_nothing(shop: Shop) -> None:
    """Orders that take every part of the hours ahead, then forty of one device in seven minutes."""
    await team(shop)
    e = shop.events
    ahead = [order(f"a{n}", "regular", days=1 + n * 5 * MINUTE, device_id="kiosk") for n in range(12, 40)]
    for number, data in enumerate(ahead):
        await check(shop, f"a{number}", data)
    await shop.tell(*(e.event("order.paid.v1", {**data, "order_id": f"p{data['order_id']}"}) for data in ahead))
    now = [order(f"o{n}", "regular", days=1 + n * 0.17 * MINUTE, device_id="kiosk") for n in range(40)]
    said = [await check(shop, f"k{number}", data) for number, data in enumerate(now)]
    assert rules(said[-1]) == ["device_velocity"]
    await shop.tell(*(e.event("order.paid.v1", {**data, "order_id": f"p{data['order_id']}"}) for data in now))
    assert "device_velocity" in rules((await shop.get("/v1/orders/po39"))["decision"])


async def test_a_burst_that_arrives_late_is_counted(shop: Shop) -> None:
    """Life goes on at the device for a day; then a burst of that morning comes in."""
    await team(shop)
    e = shop.events
    later = [e.paid(f"l{n}", "regular", days=1 + n / 24, device_id="kiosk") for n in range(1, 24)]
    await shop.tell(*later)
    burst = [named(number, 0.5 * number) for number in range(12)]
    await shop.tell(*(e.event("order.paid.v1", data) for data in burst))
    assert rules((await shop.get("/v1/orders/o11"))["decision"]) == ["device_buyers"]


async def test_unpaid_checks_hold_nobodys_orders(shop: Shop) -> None:
    """What anybody can type into a check counts when it was paid; the device counts, but not for paid orders."""
    await team(shop)
    e = shop.events
    victim: dict[str, Any] = {
        "payout_account": "6222020200112299999",
        "address": {"province": "浙江省", "city": "杭州市", "county": "西湖区", "detail": "文三路 90 号 5 幢 602"},
    }
    for number in range(70):
        assert (await check(shop, f"k{number}", order(f"o{number}", "x", **victim)))["outcome"] == "allow"
    for number in range(31):
        await check(shop, f"d{number}", order(f"d{number}", "x", device_id="victim"))
    assert (await check(shop, "honest", order("h1", "victim", **victim)))["outcome"] == "allow"
    await shop.tell(e.paid("h2", "victim", device_id="victim", **victim))
    assert (await shop.get("/v1/orders/h2"))["decision"]["outcome"] == "allow"
    await shop.tell(*(e.paid(f"p{n}", f"y{n}", payout_account=victim["payout_account"]) for n in range(30)))
    assert rules(await check(shop, "paid", order("h3", "victim", **victim))) == ["payout_velocity"]


async def test_an_order_counts_once(shop: Shop) -> None:
    """However often it is checked, when, and for whom."""
    await team(shop)
    for number in range(40):
        data = order("o", f"b{number}", days=1 + number * 0.1 * MINUTE, device_id="kiosk")
        assert (await check(shop, f"k{number}", data))["outcome"] == "allow"
    assert (await check(shop, "next", named(1, 1)))["outcome"] == "allow"


async def test_orders_count_where_they_were_told_last(shop: Shop) -> None:
    """Checked an hour apart and then at their true instants: the twelfth to stand among the others is reviewed."""
    await team(shop)
    for number in range(12):
        assert (await check(shop, f"far{number}", named(number, 60 * number)))["outcome"] == "allow"
    said = [await check(shop, f"k{number}", named(number, 0.9 * number)) for number in range(12)]
    assert [one["outcome"] for one in said] == ["allow"] * 11 + ["review"]
    assert rules(said[-1]) == ["device_buyers"]
    # moved away again, they make room
    for number in range(3):
        assert (await check(shop, f"away{number}", named(number, 60 * (number + 5))))["outcome"] == "allow"
    assert (await check(shop, "last", named(11, 0.9 * 11)))["outcome"] == "allow"


async def test_paid_orders_count_where_they_were_paid(shop: Shop) -> None:
    """A check covers what it saw, times do not differ; that twelve were paid within ten minutes is seen."""
    await team(shop)
    for number in range(12):
        assert (await check(shop, f"k{number}", named(number, 60 * number)))["outcome"] == "allow"
    paid = [named(number, 0.9 * number) for number in range(12)]
    await shop.tell(*(shop.events.event("order.paid.v1", data) for data in paid))
    booked = [(await shop.get(f"/v1/orders/{data['order_id']}"))["decision"] for data in paid]
    assert [one["outcome"] for one in booked] == ["allow"] * 11 + ["review"]
    assert (rules(booked[-1]), booked[-1]["differs"]) == (["device_buyers"], None)
    replayed = await shop.post(f"/v1/risk/decisions/{booked[-1]['decision_id']}/replay", "analyst")
    assert replayed["agrees"]
    # what is told of a paid order afterwards moves it no more
    for number in range(12):
        await check(shop, f"later{number}", named(number, 600 + 60 * number))
    assert rules(await check(shop, "next", named(12, 5))) == ["device_buyers"]


async def test_a_check_of_the_future_is_refused_by_the_real_clock_alone(shop: Shop, real_clock_shop: Shop) -> None:
    soon = wall_now() + timedelta(seconds=limits.FUTURE_SECONDS_MAX - 60)
    far = soon + timedelta(seconds=120)
    for field in ("placed_at", "paid_at"):
        data = {**order("o", "b"), "placed_at": iso(soon), "paid_at": iso(soon), field: iso(far)}
        refused = await check(real_clock_shop, "k", data, status=422)
        assert (refused["code"], refused["errors"][0]["field"]) == ("in_the_future", f"order.{field}")
    assert (await check(real_clock_shop, "k", {**order("o", "b"), "placed_at": iso(soon)}))["outcome"] == "allow"
    await team(shop)
    assert (await check(shop, "k", {**order("o", "b"), "placed_at": "2099-01-01T00:00:00Z"}))["outcome"] == "allow"


async def test_orders_dated_ahead_of_the_real_clock_count_with_those_of_now(real_clock_shop: Shop) -> None:
    for number in range(12):
        dated = iso(wall_now() + timedelta(hours=number + 1))
        said = await check(real_clock_shop, f"k{number}", {**named(number, 0), "placed_at": dated})
    assert rules(said) == ["device_buyers"]


def test_no_order_counts_as_placed_ahead_of_the_clock() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert [counted_at(now + by, now) for by in (-hour, 0 * hour, hour)] == [now - hour, now, now]
    assert counted_at(now + hour, None) == now + hour


# --- law: what the wire counts is what a list would count ---------------------------------------------------

TOLD = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3 * 60), st.sampled_from("abcd")), min_size=1, max_size=30)
"""Orders as (number, minutes, buyer); the same number again is the same order."""


def _most(orders: list[tuple[int, str]], at: int, length: int) -> tuple[int, int]:
    """Orders and buyers in the fullest window that holds an instant, the slow way."""
    windows = [
        [buyer for placed, buyer in orders if start <= placed < start + length]
        for start, _ in orders
        if start <= at < start + length
    ]
    return max(len(window) for window in windows), max(len(set(window)) for window in windows)


async def _counted(wire: Wire, told: list[tuple[int, int, str]]) -> None:
    brand, checked, base = f"velocity-{secrets.token_hex(6)}", dict[int, tuple[int, str]](), microseconds(T0)
    for number, minutes, buyer in told:
        at = base + minutes * 60_000_000
        asked = Asked(f"o{number}", buyer, "", at, at, (), (), (("device", "Device:d"),))
        said = await wire.check(brand, asked)
        checked[number] = (minutes, buyer)
        orders, _ = _most(list(checked.values()), minutes, 60)
        _, buyers = _most(list(checked.values()), minutes, 10)
        assert (said.velocity["device_orders"], said.velocity["device_buyers"]) == (orders, buyers)
    await wire.forget(brand)


async def test_what_the_wire_counts_is_what_a_list_would_count(installation: Running) -> None:
    loop, wire = asyncio.get_running_loop(), installation.parts.wire

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(told=TOLD)
    def law(told: list[tuple[int, int, str]]) -> None:
        asyncio.run_coroutine_threadsafe(_counted(wire, told), loop).result(120)

    await asyncio.to_thread(law)


async def test_an_hour_that_is_full_says_so(installation: Running) -> None:
    """Past the bound of an hour nothing is added, and no window that touches the hour says less than the bound."""
    wire, brand, at = installation.parts.wire, f"full-{secrets.token_hex(6)}", microseconds(T0)
    ops = [
        {
            "op": "order",
            "seq": number,
            "order_id": f"o{number}",
            "buyer_id": "b",
            "counted_us": at,
            "velocity": [["ip", "Ip:x"]],
            "wanted": False,
        }
        for number in range(limits.VELOCITY_ORDERS_MAX + 50)
    ]
    await wire.apply(brand, 0, Stand(1, None), ops)
    for minutes, least in itertools.product((0, 30, 90), (limits.VELOCITY_ORDERS_MAX,)):
        placed = at + minutes * 60_000_000
        said = await wire.check(brand, Asked("o", "c", "", placed, placed, (), (), (("ip", "Ip:x"),)))
        assert said.velocity["ip_orders"] >= least
    placed = at + 2 * 3600_000_000
    said = await wire.check(brand, Asked("o", "c", "", placed, placed, (), (), (("ip", "Ip:x"),)))
    assert said.velocity["ip_orders"] == 1
    await wire.forget(brand)
