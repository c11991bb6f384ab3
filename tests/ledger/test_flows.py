"""The books on Postgres: whole stories in transactions, read back in every way there is."""

import random
import threading
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from events.decided import DecisionOutcome
from events.outcome import Outcome
from ledger.domain.facts import Fact, OrderPaid
from ledger.domain.journal import Entry, Journal
from ledger.flows import read
from ledger.flows.book import book
from ledger.flows.read import AccountBalance, Balances
from ledger.flows.seed import seed
from ledger.flows.verify import verify
from ledger.store import journals, plans
from tests.ledger.conftest import EVER, Ledger, told
from tests.ledger.shop import (
    T0,
    cancelled,
    chain,
    completed,
    day,
    paid,
    refunded,
    rejected,
    requested,
)

NOTHING = Balances(0, 0, 0, 0, 0, 0, 0)


async def test_a_whole_story(ledger: Ledger) -> None:
    """Paid, completed, settled, asked for, refunded into arrears, turned down, offset: each step in its own batch."""
    assert [o.status for o in await ledger.book(paid(1, "o", 50_000), completed(2, "o", day(1)))] == ["applied"] * 2
    assert await ledger.balances("A") == replace(NOTHING, pending_fen=5000)
    assert await ledger.settle(day(8) - timedelta(microseconds=1)) == 0
    assert await ledger.settle(day(8)) == 1
    assert await ledger.settle(day(8)) == 0
    assert await ledger.balances("A") == replace(NOTHING, available_fen=5000)
    await ledger.book(requested(3, "w", "A", 4_000, day(9)))
    await ledger.book(refunded(4, "r", "o", day(10), line_1=25_000))
    assert await ledger.balances("A") == replace(NOTHING, in_withdrawal_fen=4000, arrears_fen=1500)
    refused = await ledger.book(requested(5, "w2", "A", 10, day(10)))
    assert [(o.status, o.code) for o in refused] == [("refused", "arrears_outstanding")]
    await ledger.book(rejected(6, "w", day(11)))
    assert await ledger.balances("A") == replace(NOTHING, available_fen=2500)

    view = await ledger.order("o")
    assert view is not None
    assert (view.order.state, view.order.settles_at, len(view.journals)) == ("settled", day(8), 3)
    assert [(part.earned_fen, part.clawed_back_fen) for part in view.order.commissions] == [(5000, 2500), (2000, 1000)]
    assert view.order.chain == list(chain("A", "B"))
    assert await ledger.order("other") is None

    verified = await ledger.verify()
    assert (verified.journals, verified.findings) == (6, [])


async def test_balances_as_of_an_instant(ledger: Ledger) -> None:
    await ledger.book(paid(1, "o", 50_000), completed(2, "o", day(1)))
    await ledger.settle(day(30))
    await ledger.book(refunded(3, "r", "o", day(20), line_1=50_000), at=day(30))
    assert await ledger.balances("A", T0 - timedelta(microseconds=1)) == NOTHING
    assert await ledger.balances("A", T0) == replace(NOTHING, pending_fen=5000)
    assert await ledger.balances("A", day(8)) == replace(NOTHING, available_fen=5000)
    assert await ledger.balances("A", day(20)) == await ledger.balances("A") == NOTHING
    async with ledger.postgres.brand(ledger.brand) as conn:
        trial = await read.trial_balance(conn, day(8))
    assert trial.accounts == [
        AccountBalance("2241.11", 0, 0),
        AccountBalance("2241.12", 0, 7000),
        AccountBalance("6601.02", 7000, 0),
    ]
    assert trial.total_fen == 0


async def test_an_order_does_not_settle_before_it_is_paid(ledger: Ledger) -> None:
    """Completed on the first day, paid on the ninth: the window ends on the seventh."""
    await ledger.book(completed(1, "o", T0), paid(2, "o", 50_000, at=day(9)))
    assert await ledger.settle(day(8)) == 0
    assert await ledger.balances("A", day(8)) == NOTHING
    assert await ledger.settle(day(9)) == 1
    assert await ledger.balances("A", day(9)) == replace(NOTHING, available_fen=5000)


def a_year_of_money(seed_number: int) -> list[Fact | datetime]:
    """A busy quarter with withdrawals, asked for and turned down; in between time passes and orders settle."""
    chance = random.Random(seed_number)
    story: list[Fact | datetime] = []
    for number, fact in enumerate(a_busy_quarter(seed_number), 1_000):
        story.append(fact)
        at = day(chance.randint(0, 120))
        if chance.random() < 0.2:
            story.append(requested(number, f"w{number}", chance.choice("ABCDEF"), chance.randint(10, 500), at))
        if chance.random() < 0.1:
            story.append(rejected(number, f"w{number - chance.randint(1, 20)}", at))
        if chance.random() < 0.1:
            story.append(at)
    return story


@pytest.mark.parametrize("seed_number", [4, 5, 6])
async def test_no_balance_is_below_zero_as_of_any_instant(ledger: Ledger, seed_number: int) -> None:
    """Read at every instant at which something is effective: each figure is the sum of the entries up to it."""
    for step in a_year_of_money(seed_number):
        await (ledger.settle(step) if isinstance(step, datetime) else ledger.book(step))
    assert (await ledger.verify()).findings == []
    for member_id in "ABCDEF":
        async with ledger.postgres.brand(ledger.brand) as conn:
            lines = await read.entries(conn, member_id, EVER, None, 10_000)
        for at in {line.effective_at for line in lines}:
            booked = [line for line in lines if line.effective_at <= at]
            found = asdict(await ledger.balances(member_id, at))
            assert all(fen >= 0 for fen in found.values()), (member_id, at, found)
            assert sum(found.values()) - 2 * found["arrears_fen"] == -sum(line.amount_fen for line in booked)
            async with ledger.postgres.brand(ledger.brand) as conn:
                sales = (await read.sales(conn, [member_id], at))[member_id]
                assert await read.entries(conn, member_id, at, None, 10_000) == booked
            earned = [line for line in booked if line.kind in ("accrual", "clawback", "cancellation")]
            assert sales.commission_fen == -sum(line.amount_fen for line in earned)


async def test_parked_facts_are_found_by_a_later_batch(ledger: Ledger) -> None:
    early = await ledger.book(
        refunded(1, "r", "o", line_1=5_000), completed(2, "o", day(1)), cancelled(3, "o", day(2)), cancelled(4, "o")
    )
    assert [o.status for o in early] == ["parked"] * 4
    assert [o.status for o in await ledger.book(refunded(5, "r", "o", line_1=5_000))] == ["none"]
    assert [(o.seq, o.status) for o in await ledger.book(paid(6, "o", 10_000))] == [
        (6, "applied"),
        (1, "applied"),
        (2, "applied"),
        (3, "applied"),
        (4, "none"),
    ]
    assert await ledger.balances("A") == NOTHING
    view = await ledger.order("o")
    assert view is not None
    assert (view.order.state, view.order.completed_at, view.order.cancelled_at) == ("voided", day(1), day(2))
    assert [o.status for o in await ledger.book(paid(7, "o", 10_000))] == ["none"]


def a_busy_quarter(seed_number: int) -> list[Fact]:
    """Some hundred facts of forty orders, shuffled, so that many come early, late or twice."""
    chance = random.Random(seed_number)
    facts: list[Fact] = []
    for n in range(40):
        order_id = f"o{n}"
        above = chain(*chance.sample("ABCDEF", chance.randint(0, 3)))
        lines = [chance.randint(0, 9_999) for _ in range(chance.randint(1, 3))]
        outcome: DecisionOutcome = chance.choice(("allow", "allow", "allow", "review", "block"))
        facts.append(paid(0, order_id, *lines, above=above, at=day(chance.randint(0, 60)), outcome=outcome))
        facts.append(completed(0, order_id, day(chance.randint(0, 90))))
        for r in range(chance.randint(0, 3)):
            line = f"line_{chance.randint(1, 3)}"
            facts.append(
                refunded(0, f"r{n}-{r}", order_id, day(chance.randint(0, 90)), **{line: chance.randint(1, 9_999)})
            )
        if chance.random() < 0.1:
            facts.append(cancelled(0, order_id, day(chance.randint(0, 90))))
    facts += chance.sample(facts, 20)
    chance.shuffle(facts)
    return [replace(fact, seq=seq) for seq, fact in enumerate(facts, 1)]


async def test_the_size_of_a_batch_makes_no_difference(ledger: Ledger, other_ledger: Ledger) -> None:
    facts = a_busy_quarter(1)
    await told(ledger, facts, batch=len(facts))
    await told(other_ledger, facts, batch=7)
    one, other = await ledger.verify(), await other_ledger.verify()
    assert one.findings == other.findings == []
    assert (one.content_hash, one.journals) == (other.content_hash, other.journals)
    assert one.head_hash != other.head_hash  # each brand has a chain of its own
    for member_id in "ABCDEF":
        assert await ledger.balances(member_id) == await other_ledger.balances(member_id)
    async with ledger.postgres.brand(ledger.brand) as conn:
        sales = await read.sales(conn, [*"ABCDEF", "nobody"], EVER)
        figures = await read.ledger_figures(conn, 10**9)
    async with other_ledger.postgres.brand(other_ledger.brand) as conn:
        assert sales == await read.sales(conn, [*"ABCDEF", "nobody"], EVER)
        assert figures == await read.ledger_figures(conn, 10**9)
    assert sales["nobody"].own_gmv_fen == 0
    total = sum(read.order_figure(f.order_id, "buyer", [p.member_id for p in f.chain]) for f in first_paid(facts))
    assert (figures.orders, figures.hash) == (40, read.figures_hash(total))


def first_paid(facts: list[Fact]) -> list[OrderPaid]:
    """The winning order.paid of each order."""
    return list({f.order_id: f for f in reversed(facts) if isinstance(f, OrderPaid)}.values())


@pytest.mark.parametrize("cuts", [[8], [1, 10], []])
async def test_more_than_a_batch_holds_waits_and_is_applied_in_the_order_of_the_log(
    ledger: Ledger, cuts: list[int]
) -> None:
    """What was told in the batch of the payment itself is no earlier than what waited before."""
    names = {f"line_{n}": 100 for n in range(1, 1_001)}
    facts: list[Fact] = [
        completed(1, "o", day(1)),
        *(refunded(2 + n, f"r{n}", "o", day(1), **names) for n in range(7)),
        completed(9, "o", day(30)),
        refunded(10, "last", "o", day(2), **dict.fromkeys(names, 900)),
        paid(11, "o", *[1_000] * 1_000),
    ]
    outcomes: dict[int, Outcome] = {}
    for start, end in pairwise([0, *cuts, len(facts)]):
        outcomes |= {outcome.seq: outcome for outcome in await ledger.book(*facts[start:end])}
    assert (outcomes[9].status, outcomes[10].code, outcomes[8].code) == ("none", "refund_capped", None)
    view = await ledger.order("o")
    assert view is not None
    assert (view.order.settles_at, view.order.state) == (day(8), "voided")


async def test_what_was_booked_before_a_crash_is_not_booked_again(ledger: Ledger) -> None:
    """The whole batch again, as after a crash that lost the watermark; then the very same journals again."""
    facts = a_busy_quarter(2)
    await told(ledger, facts, batch=50)
    before = await ledger.verify()
    again = await ledger.book(*facts)
    assert {outcome.status for outcome in again} <= {"none", "refused"}
    assert await ledger.verify() == before

    journal = Journal("accrual", "extra", "", T0, (Entry("6601.02", None, 5), Entry("2241.11", "A", -5)))
    async with ledger.postgres.brand(ledger.brand) as conn:
        assert await journals.post(conn, [journal, journal], T0) == [journal]
        assert await journals.post(conn, [journal], T0) == [journal]
    after = await ledger.verify()
    assert after.journals == before.journals + 1
    assert {found.key for found in after.findings} == {"extra", "A"}  # an order that nobody told


async def test_a_crash_before_the_commit_leaves_nothing(ledger: Ledger) -> None:
    before = await ledger.verify()
    with pytest.raises(ZeroDivisionError):
        async with ledger.postgres.brand(ledger.brand) as conn:
            await book(conn, a_busy_quarter(3), T0)
            _ = 1 // 0
    assert await ledger.verify() == before


async def test_brands_with_the_same_ids_never_meet(ledger: Ledger, other_ledger: Ledger) -> None:
    await ledger.book(paid(1, "o", 50_000), refunded(2, "r", "o", line_1=1_000), completed(3, "late"))
    await other_ledger.book(paid(1, "o", 20_000), refunded(2, "r", "o", line_1=20_000), paid(3, "late", 100))
    assert (await ledger.balances("A")).pending_fen == 4900
    assert (await other_ledger.balances("A")).pending_fen == 10
    view = await other_ledger.order("late")
    assert view is not None and view.order.completed_at is None
    async with other_ledger.postgres.brand("nobody-at-all") as conn:
        assert await read.order(conn, "o") is None
        assert await read.balances(conn, "A", EVER) == NOTHING
        assert (await read.trial_balance(conn, None)).accounts == []
        assert (await verify(conn, "nobody-at-all")).journals == 0


async def test_a_statement_pages_from_the_latest_booked_back(ledger: Ledger) -> None:
    for n in range(1, 8):
        await ledger.book(paid(n, f"o{n}", n * 1_000, above=chain("A")), at=day(n))
    found: list[int] = []
    before: tuple[int, int] | None = None
    async with ledger.postgres.brand(ledger.brand) as conn:
        while page := await read.entries(conn, "A", EVER, before, 3):
            found += [-entry.amount_fen for entry in page]
            before = (page[-1].number, page[-1].place)
    assert found == [700, 600, 500, 400, 300, 200, 100]
    assert page == []


async def test_withdrawals_are_listed_newest_first(ledger: Ledger) -> None:
    await ledger.book(paid(1, "o", 50_000), completed(2, "o"))
    await ledger.settle(day(8))
    await ledger.book(
        requested(3, "w1", "A", 100, day(8)),
        requested(4, "w2", "B", 100, day(8)),
        requested(5, "w3", "A", 100, day(8)),
        rejected(6, "w1", day(9)),
    )
    async with ledger.postgres.brand(ledger.brand) as conn:
        everybody = await read.withdrawals_page(conn, None, None, None, 2)
        rest = await read.withdrawals_page(conn, None, None, everybody[-1].seq, 2)
        of_a = await read.withdrawals_page(conn, "A", None, None, 10)
        open_ones = await read.withdrawals_page(conn, None, "requested", None, 10)
        one = await read.withdrawal(conn, "w1")
        assert await read.withdrawal(conn, "w9") is None
    assert [w.withdrawal_id for w in everybody + rest] == ["w3", "w2", "w1"]
    assert [w.withdrawal_id for w in of_a] == ["w3", "w1"]
    assert [w.withdrawal_id for w in open_ones] == ["w3", "w2"]
    assert one is not None
    assert (one.status, one.gross_fen, one.net_fen, one.route, one.rejected_by) == (
        "rejected",
        100,
        100,
        "wechat",
        "finance2",
    )


async def test_a_brand_is_seeded_once(ledger: Ledger) -> None:
    async with ledger.postgres.brand(ledger.brand) as conn:
        await seed(conn, ledger.brand, day(1))
        assert [(plan.plan_id, plan.version) for plan in await plans.published(conn)] == [("default", 1)]


@pytest.mark.parametrize("count", [1, 200])
async def test_the_number_of_statements_does_not_depend_on_the_number_of_facts(
    ledger: Ledger, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    execute: Any = psycopg.AsyncConnection.execute

    async def counting(conn: Any, query: Any, *args: Any, **other: Any) -> Any:
        if threading.current_thread() is threading.main_thread():  # a platform of other tests may run beside
            asked.append(str(query))
        return await execute(conn, query, *args, **other)

    facts: list[Fact] = [paid(n, f"o{n}", 1_000) for n in range(count)]
    facts += [refunded(n, f"r{n}", f"o{n}", line_1=100) for n in range(count)]
    facts += [completed(n, f"x{n}") for n in range(count)]
    facts += [requested(n, f"w{n}", "A", 100, T0) for n in range(count)]
    monkeypatch.setattr(psycopg.AsyncConnection, "execute", counting)
    await ledger.book(*facts)
    assert len(asked) <= 14
