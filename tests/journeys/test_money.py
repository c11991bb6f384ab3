"""Whole stories of money over HTTP, every fen by hand: from the order to the arrears that a later sale pays back."""

from typing import Any

from tests.platform import Shop, at


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
