"""Whole stories of money over HTTP, every fen by hand: from the order to the arrears that a later sale pays back."""

from typing import Any

from ledger.domain.journal import Entry, Journal
from ledger.store import journals
from tests.platform import T0, Shop, at


async def ask(shop: Shop, member_id: str, fen: int, status: int = 201) -> dict[str, Any]:
    body = {"member_id": member_id, "amount_fen": fen, "channel": "wechat"}
    found: dict[str, Any] = await shop.post("/v1/withdrawals", "finance", body, status)
    return found


async def three_tiers(shop: Shop) -> None:
    e = shop.events
    codes = await shop.tell(
        *(e.registered(name) for name in ("one", "two", "three", "buyer")),
        e.approved("three", invited_by=None),
        e.approved("two", invited_by="three"),
        e.approved("one", invited_by="two"),
    )
    assert set(codes) == {None}


async def trial(shop: Shop, as_of: str | None = None) -> dict[str, int]:
    found = await shop.get("/v1/ledger/trial-balance", **({"as_of": as_of} if as_of else {}))
    assert found["total_fen"] == 0
    return {row["account"]: row["debit_fen"] - row["credit_fen"] for row in found["accounts"]}


async def test_from_the_order_to_the_arrears_and_back(shop: Shop) -> None:
    """One order of 1,000 fen and one of 100,000; refunds in thirds, a withdrawal, a clawback that cuts too deep."""
    await three_tiers(shop)
    e, start = shop.events, await shop.start()
    await shop.move_clock(0, start)

    # day 1: 1,000 yuan through one: 10 %, 4 % and 1 %
    await shop.tell(e.paid("big", "buyer", 100_000, days=1, start=start, promoter_id="one"))
    assert await shop.balances("one") == {"pending_fen": 10_000}
    assert await shop.balances("two") == {"pending_fen": 4_000}
    assert await shop.balances("three") == {"pending_fen": 1_000}

    # a second line of business: 10,000 fen in one line, refunded in three parts; 1,000 fen are earned on it
    await shop.tell(e.paid("small", "buyer", 10_000, days=1, start=start))
    taken_back = []
    for number, fen in enumerate((3_333, 3_334, 3_333), 1):
        before = (await shop.balances("one"))["pending_fen"]
        await shop.tell(e.refunded(f"r{number}", "small", 2, start=start, line_1=fen))
        taken_back.append(before - (await shop.balances("one"))["pending_fen"])
    assert taken_back == [333, 334, 333]
    assert await shop.balances("one") == {"pending_fen": 10_000}

    # received on day 3, settled seven days of 24 hours later, not a second before
    await shop.tell(e.completed("big", 3, start=start))
    await shop.move_clock(10 - 1 / 86_400, start)
    assert await shop.balances("one") == {"pending_fen": 10_000}
    await shop.move_clock(10, start)
    assert await shop.balances("one") == {"available_fen": 10_000}
    assert (await shop.get("/v1/orders/big"))["state"] == "settled"

    # 8,000 asked for; then half of the big order comes back: 5,000 of which 2,000 are there
    asked = await ask(shop, "one", 8_000)
    assert (asked["status"], asked["gross_fen"]) == ("requested", 8_000)
    assert await shop.balances("one") == {"available_fen": 2_000, "in_withdrawal_fen": 8_000}
    await shop.move_clock(12, start)
    await shop.tell(e.refunded("r9", "big", 12, start=start, line_1=50_000))
    assert await shop.balances("one") == {"in_withdrawal_fen": 8_000, "arrears_fen": 3_000}
    assert await shop.balances("two") == {"available_fen": 2_000}
    assert await shop.balances("three") == {"available_fen": 500}
    assert (await ask(shop, "one", 100, 409))["code"] == "arrears_outstanding"
    assert (await ask(shop, "two", 2_001, 409))["code"] == "insufficient_available"
    assert (await ask(shop, "nobody", 100, 409))["code"] == "unknown_member"

    # the next sale earns 2,000, which the arrears take when it settles
    await shop.tell(e.paid("next", "buyer", 20_000, days=13, start=start), e.completed("next", 13, start=start))
    assert await shop.balances("one") == {"pending_fen": 2_000, "in_withdrawal_fen": 8_000, "arrears_fen": 3_000}
    await shop.move_clock(20, start)
    assert await shop.balances("one") == {"in_withdrawal_fen": 8_000, "arrears_fen": 1_000}

    # the withdrawal is turned down: the money comes back, the arrears first
    path = f"/v1/withdrawals/{asked['withdrawal_id']}/reject"
    await shop.move_clock(21, start)
    rejected = await shop.post(path, "finance2", {"reason": "wrong account"})
    assert rejected["status"] == "rejected"
    assert await shop.balances("one") == {"available_fen": 7_000}
    listed = (await shop.get("/v1/withdrawals", "finance"))["items"]
    assert [(one["status"], one["requested_by"], one["rejected_by"]) for one in listed] == [
        ("rejected", "finance", "finance2")
    ]

    # every instant as it was
    history = {
        0.5: {},
        1: {"pending_fen": 11_000},
        2: {"pending_fen": 10_000},
        10: {"available_fen": 2_000, "in_withdrawal_fen": 8_000},
        12: {"in_withdrawal_fen": 8_000, "arrears_fen": 3_000},
        13: {"pending_fen": 2_000, "in_withdrawal_fen": 8_000, "arrears_fen": 3_000},
        20: {"in_withdrawal_fen": 8_000, "arrears_fen": 1_000},
        21: {"available_fen": 7_000},
    }
    assert {days: await shop.balances("one", at(days, start)) for days in history} == history
    assert await trial(shop, at(0.5, start)) == {} or set((await trial(shop, at(0.5, start))).values()) == {0}
    await trial(shop, at(12, start))
    await trial(shop)
    lines: list[Any] = (await shop.get("/v1/ledger/members/one/entries", limit="200"))["items"]
    assert sum(line["credit_fen"] - line["debit_fen"] for line in lines) == 7_000
    assert (await shop.get("/v1/ledger/verify"))["ok"]
    found = await shop.get("/v1/consistency")
    assert found["ok"] and found["ledger"]["orders"] == 3


async def test_a_late_cancellation_takes_everything_back(shop: Shop) -> None:
    """Cancelled after the settlement: the commission goes, what was spent is owed; a refund before the order counts."""
    await three_tiers(shop)
    e, start = shop.events, await shop.start()
    await shop.move_clock(0, start)
    await shop.tell(
        e.refunded("early", "late", 1.5, start=start, line_1=500),
        e.paid("o", "buyer", 50_000, days=1, start=start, promoter_id="one"),
        e.completed("o", 2, start=start),
    )
    await shop.move_clock(9, start)
    assert await shop.balances("one") == {"available_fen": 5_000}
    await shop.move_clock(10, start)
    await shop.tell(e.cancelled("o", 10, start=start), e.refunded("after", "o", 11, start=start, line_1=1))
    assert await shop.balances("one") == await shop.balances("two") == await shop.balances("three") == {}
    found = await shop.get("/v1/orders/o")
    assert (found["state"], found["lines"][0]["refunded_fen"]) == ("clawed_back", 50_000)
    assert {part["earned_fen"] - part["clawed_back_fen"] for part in found["commissions"]} == {0}
    assert await shop.balances("one", at(9.5, start)) == {"available_fen": 5_000}

    await shop.tell(e.paid("late", "buyer", 10_000, days=1, start=start))
    assert await shop.balances("one") == {"pending_fen": 950}
    await trial(shop)
    assert (await shop.get("/v1/ledger/verify"))["ok"]


async def test_held_money_waits_for_a_verdict_not_for_time(shop: Shop) -> None:
    await three_tiers(shop)
    e, start = shop.events, await shop.start()
    await shop.tell(
        e.identified("two", phone="13912345678"),
        e.paid("o", "buyer", 50_000, days=1, start=start, promoter_id="one", phone="13912345678"),
        e.completed("o", 1, start=start),
    )
    assert await shop.balances("one") == {"held_fen": 5_000}
    await shop.move_clock(400, start)
    assert await shop.balances("one") == {"held_fen": 5_000}
    await shop.tell(e.refunded("r", "o", 2, start=start, line_1=25_000))
    assert await shop.balances("one") == {"held_fen": 2_500}
    assert (await ask(shop, "one", 100, 409))["code"] in ("risk_hold", "insufficient_available")


async def test_what_is_effective_later_is_not_there_yet(shop: Shop) -> None:
    """An order paid in an hour: no balance, no statement, no trial balance, nothing to ask for; then all of it."""
    await three_tiers(shop)
    e, start = shop.events, await shop.start()
    await shop.move_clock(0, start)
    hour = 1 / 24
    await shop.tell(
        e.completed("o", -20, start=start), e.paid("o", "buyer", 50_000, days=hour, start=start, promoter_id="one")
    )
    await shop.post("/v1/ops/run", "admin", {"job": "settle"})
    assert (await shop.get("/v1/orders/o"))["state"] == "frozen"
    assert (await shop.get("/v1/orders/o"))["settles_at"] == at(hour, start)
    assert await shop.balances("one", None) == {}
    assert (await shop.get("/v1/ledger/members/one/entries"))["items"] == []
    assert await trial(shop) == {}
    assert (await ask(shop, "one", 100, 409))["code"] == "insufficient_available"
    assert await shop.balances("one", at(1, start)) == {"pending_fen": 5_000}

    await shop.move_clock(hour, start)
    assert await shop.balances("one", None) == {"available_fen": 5_000}
    assert len((await shop.get("/v1/ledger/members/one/entries"))["items"]) == 3

    # a refund of tomorrow takes from tomorrow on, and what it will take cannot be asked for today
    await shop.tell(e.refunded("r", "o", 1, start=start, line_1=40_000))
    assert await shop.balances("one", None) == {"available_fen": 5_000}
    assert (await ask(shop, "one", 1_001, 409))["code"] == "insufficient_available"
    assert (await ask(shop, "one", 1_000))["status"] == "requested"
    await shop.move_clock(1, start)
    assert await shop.balances("one", None) == {"in_withdrawal_fen": 1_000}


async def test_refund_ids_are_unique_within_an_order_and_lines_within_a_refund(shop: Shop) -> None:
    await three_tiers(shop)
    e = shop.events
    twice = e.event(
        "order.refunded.v1",
        {
            "refund_id": "r2",
            "order_id": "o1",
            "refunded_at": at(2),
            "lines": [{"line_id": "1", "refund_fen": 1}, {"line_id": "1", "refund_fen": 2}],
        },
    )
    (item,) = await shop.answers(twice)
    assert (item["status"], item["problem"]["code"]) == ("rejected", "duplicate_line")
    codes = await shop.tell(
        e.paid("o1", "buyer", 10_000, promoter_id="one"),
        e.paid("o2", "buyer", 20_000, promoter_id="one"),
        e.refunded("r1", "o1", 2, line_1=1_000),
        e.refunded("r1", "o2", 2, line_1=2_000),
        e.refunded("r1", "o1", 2, line_1=1_000),
        e.refunded("r1", "o1", 2, line_1=3_000),
    )
    assert codes == [None, None, None, None, None, "refund_conflict"]
    assert await shop.balances("one", at(2)) == {"pending_fen": 900 + 1_800}


async def test_sums_of_money_have_no_bound(shop: Shop) -> None:
    """An order may be of 10^14 fen, and of such orders there may be any number: what sums them up passes 64 bits."""
    await three_tiers(shop)
    most = 2**63 - 1
    many = [
        Journal("accrual", f"many{n}", "", T0, (Entry("6601.02", None, most), Entry("2241.12", "one", -most)))
        for n in range(3)
    ]
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await journals.post(conn, many, T0)
    start, e = await shop.start(), shop.events
    await shop.move_clock(0, start)
    lines = [10**12] * 100
    await shop.tell(
        *(e.paid(f"o{n}", "buyer", *lines, days=0, start=start, promoter_id="one") for n in range(2)),
        e.completed("o0", 0, start=start),
    )
    assert (await shop.get("/v1/orders/o0"))["commissions"][0]["earned_fen"] == 10**11
    await shop.move_clock(7, start)
    assert await shop.balances("one", None) == {"available_fen": 3 * most + 10**13, "pending_fen": 10**13}
    assert await shop.balances("one", at(1, start)) == {"available_fen": 3 * most, "pending_fen": 2 * 10**13}
    assert (await trial(shop))["6601.02"] == 3 * most + 2 * (10**13 + 4 * 10**12 + 10**12)
    assert (await ask(shop, "one", 5_000_001, 422))["code"] == "limit_single"
    await shop.tell(e.cancelled("o0", 7, start=start))
    assert (await shop.balances("one", None))["available_fen"] == 3 * most
    rows = {row["member_id"]: row for row in (await shop.get("/v1/members/three/team"))["items"]}
    assert (rows["one"]["own_gmv_fen"], rows["two"]["team_gmv_fen"]) == (10**14, 10**14)
    found = (await shop.get("/v1/ledger/verify"))["findings"]
    assert {(one["book"], one["key"]) for one in found} == {  # of orders that nobody told
        *(("paid_order", f"many{n}") for n in range(3)),
        ("member_sales", "one"),
    }
    assert (await shop.get("/v1/consistency"))["ok"]
