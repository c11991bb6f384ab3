"""Laws of the ledger that hold after any story whatsoever.

1. Every journal moves something, sums to zero, and is the only one of its kind, subject and cause.
2. Nothing owed to a member is below zero as of any instant, arrears neither, whatever came late or out of order.
3. Nobody has available money and arrears at the same time.
4. What was taken back of a commission is its share of what was refunded of its line, to the fen, however the refund
   was split; so it never exceeds what was earned.
5. The brand's cost is what its members earned net of clawbacks, and what they earned is what they have, had paid out
   or owe: no fen appears or is lost.
6. At most three members are paid for an order.
7. A wallet says what the journals say.
8. It makes no difference to any fen whether refunds, completions and cancellations come before or after their order.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.money import ratio_half_up
from events.decided import DecisionOutcome
from graph.findings import ChainPerson
from ledger.domain.accounts import Account
from ledger.domain.books import Books
from ledger.domain.facts import Fact, OrderFollowUp, OrderPaid
from ledger.domain.journal import add_content
from ledger.domain.order import State
from ledger.domain.plan import DEFAULT_DOCUMENT, Plan, read_plan
from tests.ledger.shop import DEFAULT_PLAN, cancelled, completed, day, paid, refunded, rejected, requested

MEMBERS = ("A", "B", "C", "D")
ORDERS = tuple(f"o{n}" for n in range(1, 9))
FEN = st.one_of(st.integers(0, 30), st.integers(0, 20_000), st.integers(1_000, 20_000))
DAYS = st.integers(0, 40)
OUTCOMES: st.SearchStrategy[DecisionOutcome] = st.sampled_from(("allow", "allow", "allow", "review", "block"))

CAPPED = read_plan(
    {
        **DEFAULT_DOCUMENT,
        "order_cap_bps": 1_200,
        "rules": [
            {"rule_id": "floor", "match": {"level": 1}, "pay": {"rate_bps": 900, "floor_fen": 5}},
            {"rule_id": "fixed", "match": {"product_id": "p2"}, "pay": {"fixed_fen": 7, "cap_fen": 9}},
            {"rule_id": "rest", "match": {}, "pay": {"rate_bps": 333}},
        ],
    },
    1,
)
PLANS = st.sampled_from((DEFAULT_PLAN, CAPPED))


@st.composite
def chains(draw: st.DrawFn) -> tuple[ChainPerson, ...]:
    """Up to three different members, some of whom earn nothing."""
    member_ids = draw(st.lists(st.sampled_from(MEMBERS), max_size=3, unique=True))
    return tuple(
        ChainPerson(level, member_id, draw(st.sampled_from((True, True, True, False))), None, "B")
        for level, member_id in enumerate(member_ids, 1)
    )


def orders(seq: st.SearchStrategy[int], order_ids: st.SearchStrategy[str]) -> st.SearchStrategy[OrderPaid]:
    """Orders of up to three lines, gifts among them."""
    return st.builds(
        lambda seq, order_id, lines, above, at, outcome, quantity: paid(
            seq, order_id, *lines, above=above, at=day(at), outcome=outcome, quantity=quantity
        ),
        seq,
        order_ids,
        st.lists(FEN, min_size=1, max_size=3),
        chains(),
        DAYS,
        OUTCOMES,
        st.integers(1, 3),
    )


LINES = st.dictionaries(st.sampled_from(("line_1", "line_2", "line_3", "line_9")), FEN, min_size=1, max_size=3)


class AnyStory(RuleBasedStateMachine):
    """Facts in any order, early, late, twice and in conflict, and settlements whenever something is due."""

    @initialize(plan=PLANS)
    def open_books(self, plan: Plan) -> None:
        self.books = Books(plans=[plan])
        self.seq = 0
        self.withdrawals = 0

    def tell(self, fact: Fact) -> None:
        told = {outcome.seq for outcome in self.books.apply(fact)}
        assert fact.seq in told

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    @rule(fact=orders(st.just(0), st.sampled_from(ORDERS)))
    def order_is_paid(self, fact: OrderPaid) -> None:
        self.tell(
            paid(
                self.next_seq(),
                fact.order_id,
                *(line.paid_fen for line in fact.lines),
                above=fact.chain,
                at=fact.paid_at,
                outcome=fact.decision.outcome,
                quantity=fact.lines[0].quantity,
            )
        )

    @rule(order_id=st.sampled_from(ORDERS), refund=st.integers(1, 12), at=DAYS, lines=LINES)
    def order_is_refunded(self, order_id: str, refund: int, at: int, lines: dict[str, int]) -> None:
        self.tell(refunded(self.next_seq(), f"r{refund}", order_id, day(at), **lines))

    @rule(order_id=st.sampled_from(ORDERS), at=DAYS)
    def order_is_completed(self, order_id: str, at: int) -> None:
        self.tell(completed(self.next_seq(), order_id, day(at)))

    @rule(order_id=st.sampled_from(ORDERS), at=DAYS)
    def order_is_cancelled(self, order_id: str, at: int) -> None:
        self.tell(cancelled(self.next_seq(), order_id, day(at)))

    @rule(
        fact=orders(st.just(0), st.sampled_from(ORDERS)),
        member_id=st.sampled_from(MEMBERS),
        fen=st.integers(1_000, 20_000),
        at=DAYS,
    )
    def order_runs_its_course(self, fact: OrderPaid, member_id: str, fen: int, at: int) -> None:
        """Paid, completed and settled, so that there is money to withdraw, to take back and to offset with."""
        above = (ChainPerson(1, member_id, True, None, "B"),)
        self.tell(paid(self.next_seq(), fact.order_id, fen, above=above, at=day(at)))
        self.tell(completed(self.next_seq(), fact.order_id, day(at)))
        self.settle_due(day(at + 7))

    @rule(now=DAYS)
    def due_orders_settle(self, now: int) -> None:
        self.settle_due(day(now))

    def settle_due(self, now: datetime) -> None:
        due = [
            order
            for order in self.books.orders.values()
            if order.state == State.FROZEN and order.settles_at is not None and order.settles_at <= now
        ]
        for order in sorted(due, key=lambda order: (order.settles_at, order.order_id)):
            self.books.settle(order)

    @rule(member_id=st.sampled_from(MEMBERS), fen=FEN, at=DAYS)
    def some_money_is_asked_for(self, member_id: str, fen: int, at: int) -> None:
        self.withdrawals += 1
        self.tell(requested(self.next_seq(), f"w{self.withdrawals}", member_id, fen, day(at)))

    @precondition(lambda self: any(wallet.available_fen for wallet in self.books.wallets.values()))
    @rule(at=DAYS)
    def all_money_is_asked_for(self, at: int) -> None:
        for wallet in list(self.books.wallets.values()):
            self.some_money_is_asked_for(wallet.member_id, wallet.available_fen, at)

    @precondition(lambda self: any(order.state == State.SETTLED for order in self.books.orders.values()))
    @rule(at=DAYS)
    def a_settled_order_comes_back(self, at: int) -> None:
        order_id = next(order.order_id for order in self.books.orders.values() if order.state == State.SETTLED)
        self.tell(cancelled(self.next_seq(), order_id, day(at)))

    @rule(withdrawal=st.integers(0, 3), at=DAYS)
    def withdrawal_is_rejected(self, withdrawal: int, at: int) -> None:
        self.tell(rejected(self.next_seq(), f"w{self.withdrawals - withdrawal}", day(at)))

    # --- the laws ---------------------------------------------------------------------------------------------------

    @invariant()
    def journals_balance_and_are_unique(self) -> None:
        keys = [(journal.kind, journal.subject, journal.cause) for journal in self.books.journals]
        assert len(keys) == len(set(keys))
        for journal in self.books.journals:
            assert journal.entries
            assert all(entry.amount_fen for entry in journal.entries)
            assert sum(entry.amount_fen for entry in journal.entries) == 0
            if journal.kind == "accrual":
                assert len({entry.member_id for entry in journal.entries if entry.member_id}) <= 3

    @invariant()
    def floors_hold_and_wallets_agree(self) -> None:
        balance = balances(self.books)
        for (account, _), fen in balance.items():
            if account == Account.ARREARS:
                assert fen >= 0
            elif account.startswith("2241."):
                assert fen <= 0
        for member_id in MEMBERS:
            available_fen = -balance[Account.AVAILABLE, member_id]
            arrears_fen = balance[Account.ARREARS, member_id]
            assert not (available_fen and arrears_fen)
            wallet = self.books.wallets.get(member_id)
            assert (available_fen, arrears_fen) == ((wallet.available_fen, wallet.arrears_fen) if wallet else (0, 0))

    @invariant()
    def nothing_is_below_zero_as_of_any_instant(self) -> None:
        moves: dict[tuple[str, str], dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
        for journal in self.books.journals:
            for entry in journal.entries:
                if entry.member_id is not None:
                    owed_fen = entry.amount_fen if entry.account == Account.ARREARS else -entry.amount_fen
                    moves[entry.account, entry.member_id][journal.effective_at] += owed_fen
        for bucket, steps in moves.items():
            fen = 0
            for at in sorted(steps):
                fen += steps[at]
                assert fen >= 0, (bucket, at)

    @invariant()
    def sales_are_the_sum_of_their_changes(self) -> None:
        sums: defaultdict[str, int] = defaultdict(int)
        for sold in self.books.sold:
            sums[sold.member_id] += sold.fen
        for member_id, sales in self.books.sales.items():
            latest = [sold.at for sold in self.books.sold if sold.member_id == member_id]
            assert (sums[member_id], max(latest, default=None)) == (sales.own_gmv_fen, sales.sold_at)

    @invariant()
    def clawbacks_meet_their_targets(self) -> None:
        for order in self.books.orders.values():
            lines = {line.line_id: line for line in order.lines}
            for part in order.commissions:
                line = lines[part.line_id]
                assert 0 <= part.earned_fen <= line.paid_fen
                target = ratio_half_up(part.earned_fen, line.refunded_fen, line.paid_fen) if line.paid_fen else 0
                assert part.clawed_back_fen == target <= part.earned_fen
            assert len({part.member_id for part in order.commissions}) <= 3

    @invariant()
    def no_fen_appears_or_is_lost(self) -> None:
        balance = balances(self.books)
        net_fen = sum(
            part.earned_fen - part.clawed_back_fen for order in self.books.orders.values() for part in order.commissions
        )
        assert balance[Account.EXPENSE, None] == net_fen
        assert net_fen == -sum(fen for (account, _), fen in balance.items() if account != Account.EXPENSE)
        assert net_fen == sum(sales.commission_fen for sales in self.books.sales.values())

    @invariant()
    def states_say_where_the_money_is(self) -> None:
        pending_fen = -sum(fen for (account, _), fen in balances(self.books).items() if account == Account.PENDING)
        held_fen = -sum(fen for (account, _), fen in balances(self.books).items() if account == Account.HELD)
        owed: defaultdict[str, int] = defaultdict(int)
        for order in self.books.orders.values():
            owed[str(order.state)] += sum(order.owed_fen().values())
        assert (owed["frozen"], owed["held"]) == (pending_fen, held_fen)
        assert owed["voided"] == owed["clawed_back"] == 0


def balances(books: Books) -> defaultdict[tuple[str, str | None], int]:
    """Sums of all entries per account and member; debit positive."""
    sums: defaultdict[tuple[str, str | None], int] = defaultdict(int)
    for journal in books.journals:
        for entry in journal.entries:
            sums[entry.account, entry.member_id] += entry.amount_fen
    return sums


AnyStory.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
test_any_story = AnyStory.TestCase


@st.composite
def told_late(draw: st.DrawFn) -> tuple[OrderPaid, list[OrderFollowUp], int]:
    """An order, what followed it, and how much of that came before it."""
    order = draw(orders(st.just(1), st.just("o")))
    follow: list[OrderFollowUp] = []
    for seq in range(2, 2 + draw(st.integers(1, 6))):
        at = day(draw(DAYS))
        what = draw(st.sampled_from(("refunded", "refunded", "completed", "cancelled")))
        if what == "refunded":
            follow.append(refunded(seq, draw(st.sampled_from(("r1", "r2", "r3"))), "o", at, **draw(LINES)))
        else:
            follow.append(completed(seq, "o", at) if what == "completed" else cancelled(seq, "o", at))
    return order, follow, draw(st.integers(0, len(follow)))


@given(told_late(), PLANS)
@settings(max_examples=200, deadline=None)
def test_coming_before_the_order_changes_no_fen(story: tuple[OrderPaid, list[OrderFollowUp], int], plan: Plan) -> None:
    order, follow, early = story
    in_time = booked(plan, [order, *follow])
    late = booked(plan, [*follow[:early], order, *follow[early:]])
    assert fingerprint(in_time) == fingerprint(late)
    mine, other = in_time.orders["o"], late.orders["o"]
    assert (mine.lines, mine.commissions, mine.state, mine.settles_at) == (
        other.lines,
        other.commissions,
        other.state,
        other.settles_at,
    )
    assert in_time.sales == late.sales


@given(st.integers(1, 10_000), st.integers(1, 10**9), st.lists(st.integers(1, 10**9), max_size=12))
def test_any_split_of_a_refund_gives_back_the_same_as_one(rate_bps: int, fen: int, parts: list[int]) -> None:
    rules = [{"rule_id": "only", "match": {}, "pay": {"rate_bps": rate_bps}}]
    plan = read_plan({**DEFAULT_DOCUMENT, "rules": rules}, 1)
    order = paid(1, "o", fen)
    split = booked(plan, [order, *(refunded(n, f"r{n}", "o", line_1=part) for n, part in enumerate(parts, 2))])
    whole = booked(plan, [order, refunded(2, "r", "o", line_1=sum(parts))])
    assert balances(split)[Account.EXPENSE, None] == balances(whole)[Account.EXPENSE, None]
    assert split.orders["o"].commissions == whole.orders["o"].commissions


def booked(plan: Plan, facts: Sequence[Fact]) -> Books:
    """Fresh books after these facts."""
    books = Books(plans=[plan])
    for fact in facts:
        books.apply(fact)
    return books


def fingerprint(books: Books) -> int:
    """What was booked and for what, whatever the order."""
    total = 0
    for journal in books.journals:
        total = add_content(total, journal)
    return total


def test_the_fingerprint_tells_a_fen_and_an_instant_apart() -> None:
    order = paid(1, "o", 10_000)
    one = fingerprint(booked(DEFAULT_PLAN, [order, refunded(2, "r", "o", line_1=100)]))
    fen = fingerprint(booked(DEFAULT_PLAN, [order, refunded(2, "r", "o", line_1=110)]))
    later = refunded(2, "r", "o", day(1) + timedelta(microseconds=1), line_1=100)
    assert len({one, fen, fingerprint(booked(DEFAULT_PLAN, [order, later]))}) == 3
