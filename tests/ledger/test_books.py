"""Worked stories of the books: what is paid, settled, taken back, offset and withdrawn."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from events.facts import RefundLine
from events.outcome import Outcome
from ledger.domain.accounts import Account
from ledger.domain.books import Books
from ledger.domain.facts import Fact
from ledger.domain.journal import Journal
from ledger.domain.order import State
from tests.ledger.shop import (
    DEFAULT_PLAN,
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

EXPENSE, PENDING, AVAILABLE = Account.EXPENSE, Account.PENDING, Account.AVAILABLE
IN_WITHDRAWAL, HELD, ARREARS = Account.IN_WITHDRAWAL, Account.HELD, Account.ARREARS


@dataclass
class Story:
    """The books of a shop that lives by the calls of a test."""

    books: Books = field(default_factory=lambda: Books(plans=[DEFAULT_PLAN]))

    def tell(self, *facts: Fact) -> list[Outcome]:
        """Apply facts; all outcomes."""
        return [outcome for fact in facts for outcome in self.books.apply(fact)]

    def settle(self, *order_ids: str) -> None:
        """The windows of these orders are over."""
        for order_id in order_ids:
            self.books.settle(self.books.orders[order_id])

    def balance(self, account: Account, member_id: str | None = None, as_of: datetime | None = None) -> int:
        """Debit positive, of all journals or of those effective by an instant."""
        return sum(
            entry.amount_fen
            for journal in self.books.journals
            if as_of is None or journal.effective_at <= as_of
            for entry in journal.entries
            if (entry.account, entry.member_id) == (account, member_id)
        )

    def owed(self, member_id: str) -> dict[str, int]:
        """What a member has where, zeros left out."""
        found = Counter[str]()
        for account in (PENDING, AVAILABLE, IN_WITHDRAWAL, HELD):
            found[account.name] = -self.balance(account, member_id)
        found["ARREARS"] = self.balance(ARREARS, member_id)
        return {name: fen for name, fen in found.items() if fen}


@pytest.fixture
def story() -> Story:
    return Story()


def entries(journal: Journal) -> list[tuple[str, str | None, int]]:
    return [(str(entry.account), entry.member_id, entry.amount_fen) for entry in journal.entries]


def codes(outcomes: list[Outcome]) -> list[tuple[int, str, str | None]]:
    return [(outcome.seq, outcome.status, outcome.code) for outcome in outcomes]


# --- worked entries -------------------------------------------------------------------------------------------------


def test_refund_before_settlement(story: Story) -> None:
    """Order of 500 yuan, 10 % and 4 %; 200 yuan come back before settlement."""
    story.tell(paid(1, "o", 50_000), completed(2, "o"), refunded(3, "r", "o", line_1=20_000))
    story.settle("o")
    assert [entries(journal) for journal in story.books.journals] == [
        [(EXPENSE, None, 7000), (PENDING, "A", -5000), (PENDING, "B", -2000)],
        [(PENDING, "A", 2000), (PENDING, "B", 800), (EXPENSE, None, -2800)],
        [(PENDING, "A", 3000), (AVAILABLE, "A", -3000), (PENDING, "B", 1200), (AVAILABLE, "B", -1200)],
    ]
    assert story.balance(EXPENSE) == 4200
    assert (story.owed("A"), story.owed("B")) == ({"AVAILABLE": 3000}, {"AVAILABLE": 1200})


def test_refund_after_settlement_with_too_little_available(story: Story) -> None:
    """Available 30 yuan, clawback 50: 20 yuan of arrears, offset when the next 65 yuan settle."""
    only_a = chain("A")
    story.tell(paid(1, "big", 50_000, above=only_a), completed(2, "big"))
    story.settle("big")
    story.tell(requested(3, "w", "A", 2_000, day(8)))
    story.tell(refunded(4, "r", "big", day(9), line_1=50_000))
    assert entries(story.books.journals[-1]) == [(AVAILABLE, "A", 3000), (ARREARS, "A", 2000), (EXPENSE, None, -5000)]
    assert story.owed("A") == {"IN_WITHDRAWAL": 2000, "ARREARS": 2000}

    story.tell(paid(5, "next", 65_000, above=only_a, at=day(10)), completed(6, "next", day(11)))
    story.settle("next")
    assert entries(story.books.journals[-1]) == [(AVAILABLE, "A", 2000), (ARREARS, "A", -2000)]
    assert story.owed("A") == {"AVAILABLE": 4500, "IN_WITHDRAWAL": 2000}
    assert story.balance(EXPENSE) == 6500


def test_refund_after_everything_was_withdrawn(story: Story) -> None:
    """Nothing available: the gross amount becomes arrears, and the next settlement goes into them whole."""
    only_a = chain("A")
    story.tell(paid(1, "o", 1_000_000, above=only_a), completed(2, "o"))
    story.settle("o")
    story.tell(requested(3, "w", "A", 100_000, day(8)), refunded(4, "r", "o", day(9), line_1=300_000))
    assert entries(story.books.journals[-1]) == [(ARREARS, "A", 30_000), (EXPENSE, None, -30_000)]
    story.tell(paid(5, "next", 200_000, above=only_a, at=day(10)), completed(6, "next", day(10)))
    story.settle("next")
    assert story.owed("A") == {"IN_WITHDRAWAL": 100_000, "ARREARS": 10_000}
    assert story.balance(EXPENSE) == 90_000


def test_partial_refunds_reach_the_whole_exactly(story: Story) -> None:
    """Paid 100.01, commission 10.00, refunds 33.33, 33.33, 33.35 take back 3.33, 3.34, 3.33."""
    story.tell(paid(1, "o", 10_001, above=chain("A")))
    steps = []
    for seq, fen in enumerate((3_333, 3_333, 3_335), 2):
        story.tell(refunded(seq, f"r{seq}", "o", line_1=fen))
        steps.append(-story.books.journals[-1].entries[-1].amount_fen)
    assert steps == [333, 334, 333]
    order = story.books.orders["o"]
    assert (order.state, story.owed("A")) == (State.VOIDED, {})
    assert order.state_of(order.commissions[0]) == State.VOIDED


# --- late, twice, out of order --------------------------------------------------------------------------------------


def test_an_order_told_twice_counts_once(story: Story) -> None:
    again = story.tell(paid(1, "o", 10_000), paid(2, "o", 10_000), paid(3, "o", 9_999))
    assert codes(again) == [(1, "applied", None), (2, "none", None), (3, "refused", "order_conflict")]
    assert len(story.books.journals) == 1


def test_what_comes_before_its_order_waits_for_it(story: Story) -> None:
    early = story.tell(
        refunded(1, "r1", "o", line_1=5_000),
        completed(2, "o", day(1)),
        completed(3, "o", day(2)),
        refunded(4, "r2", "o", line_9=1),
        refunded(5, "r1", "o", line_1=5_000),
        refunded(6, "r1", "o", line_1=4_000),
    )
    assert codes(early) == [
        (1, "parked", None),
        (2, "parked", None),
        (3, "parked", None),
        (4, "parked", None),
        (5, "none", None),
        (6, "refused", "refund_conflict"),
    ]
    assert codes(story.tell(paid(7, "o", 10_000))) == [
        (7, "applied", None),
        (1, "applied", None),
        (2, "applied", None),
        (3, "none", None),
        (4, "refused", "unknown_line"),
    ]
    order = story.books.orders["o"]
    assert (order.completed_at, order.settles_at) == (day(1), day(8))
    assert story.owed("A") == {"PENDING": 500}
    assert not story.books.parked_new


def test_a_refund_is_capped_and_unknown_lines_book_nothing(story: Story) -> None:
    outcomes = story.tell(
        paid(1, "o", 10_000, 0),
        refunded(2, "r1", "o", line_1=7_000, line_8=1),
        refunded(3, "r2", "o", line_1=7_000),
        refunded(4, "r3", "o", line_2=1),
    )
    assert codes(outcomes[1:]) == [
        (2, "applied", "unknown_line"),
        (3, "applied", "refund_capped"),
        (4, "applied", "refund_capped"),
    ]
    assert outcomes[1].detail == {"unknown_lines": ["8"]}
    assert outcomes[2].detail == {"capped_fen": {"1": 3000}}
    assert outcomes[3].detail == {"capped_fen": {"2": 0}}
    assert story.balance(EXPENSE) == 0


def test_a_cancellation_takes_back_all_that_remains(story: Story) -> None:
    outcomes = story.tell(
        paid(1, "o", 10_000, 500),
        refunded(2, "r", "o", line_1=1_000),
        cancelled(3, "o"),
        cancelled(4, "o"),
        completed(5, "o"),
    )
    assert codes(outcomes)[2:] == [(3, "applied", None), (4, "none", None), (5, "applied", None)]
    assert story.balance(EXPENSE) == 0
    assert story.books.orders["o"].state == State.VOIDED


def test_a_cancelled_gift_is_voided(story: Story) -> None:
    assert codes(story.tell(paid(1, "o", 0), cancelled(2, "o"))) == [(1, "applied", None), (2, "applied", None)]
    assert story.books.orders["o"].state == State.VOIDED
    assert not story.books.journals


# --- decisions ------------------------------------------------------------------------------------------------------


def test_review_holds_the_commission_and_a_refund_takes_from_what_is_held(story: Story) -> None:
    story.tell(paid(1, "o", 10_000, outcome="review"), completed(2, "o"), refunded(3, "r", "o", line_1=5_000))
    assert story.books.orders["o"].state == State.HELD
    assert story.owed("A") == {"HELD": 500}
    with pytest.raises(AssertionError):
        story.settle("o")  # time alone never settles a held order
    story.tell(refunded(4, "r2", "o", line_1=5_000))
    assert (story.books.orders["o"].state, story.owed("A")) == (State.VOIDED, {})


def test_block_books_nothing_and_refunds_still_reduce_the_lines(story: Story) -> None:
    story.tell(paid(1, "o", 10_000, outcome="block"), refunded(2, "r", "o", line_1=4_000))
    order = story.books.orders["o"]
    assert (order.state, order.commissions, order.lines[0].refunded_fen) == (State.VOIDED, [], 4_000)
    assert order.decision.reasons
    assert not story.books.journals
    assert not story.books.sales


# --- effective time -------------------------------------------------------------------------------------------------


def test_effective_times(story: Story) -> None:
    story.tell(paid(1, "o", 10_000, above=chain("A")), completed(2, "o", day(2)))
    story.tell(refunded(3, "early", "o", T0 - timedelta(days=3), line_1=1_000))
    story.settle("o")
    story.tell(refunded(4, "late", "o", day(4), line_1=1_000), refunded(5, "later", "o", day(20), line_1=1_000))
    assert [(journal.kind, journal.effective_at) for journal in story.books.journals] == [
        ("accrual", T0),
        ("clawback", T0),  # never before the payment
        ("settlement", day(9)),
        ("clawback", day(9)),  # out of available: not before the settlement
        ("clawback", day(20)),
    ]
    assert -story.balance(PENDING, "A", day(8)) == 900
    assert -story.balance(AVAILABLE, "A", day(9)) == 800


def test_an_offset_is_not_effective_before_the_arrears_it_meets(story: Story) -> None:
    """A later clawback is told first; the credit of an earlier settlement must not show arrears below zero."""
    only_a = chain("A")
    story.tell(paid(1, "o", 10_000, above=only_a), completed(2, "o"))
    story.settle("o")
    story.tell(requested(3, "w", "A", 1_000, day(8)), refunded(4, "r", "o", day(30), line_1=10_000))
    story.tell(paid(5, "p", 10_000, above=only_a), completed(6, "p", day(3)))
    story.settle("p")
    assert (story.books.journals[-1].kind, story.books.journals[-1].effective_at) == ("settlement_offset", day(30))
    assert story.balance(ARREARS, "A", day(29)) == 0


def test_what_a_late_refund_takes_from_available_waits_for_the_latest_credit(story: Story) -> None:
    """Spent on day 8, credited anew on day 20: a refund of day 9, told then, meets the later money, not before it."""
    only_a = chain("A")
    story.tell(paid(1, "o", 50_000, above=only_a), completed(2, "o"))
    story.settle("o")
    story.tell(requested(3, "w", "A", 5_000, day(8)))
    story.tell(paid(4, "next", 30_000, above=only_a, at=day(10)), completed(5, "next", day(13)))
    story.settle("next")
    story.tell(refunded(6, "r", "o", day(9), line_1=50_000))
    journals = [(j.kind, j.cause, j.effective_at, entries(j)) for j in story.books.journals[-2:]]
    assert journals == [
        ("clawback", "r", day(9), [(ARREARS, "A", 2000), (EXPENSE, None, -2000)]),
        ("clawback", "r/A", day(20), [(AVAILABLE, "A", 3000), (EXPENSE, None, -3000)]),
    ]
    available = [-story.balance(AVAILABLE, "A", day(n)) for n in (7, 8, 9, 19, 20)]
    assert available == [5000, 0, 0, 0, 0]
    assert [story.balance(ARREARS, "A", day(n)) for n in (8, 9, 20)] == [0, 2000, 2000]


def test_a_withdrawal_is_not_effective_before_the_money_it_takes(story: Story) -> None:
    """Another process may read an earlier time than the one that settled."""
    story.tell(paid(1, "o", 50_000, above=chain("A")), completed(2, "o"))
    story.settle("o")
    story.tell(requested(3, "w", "A", 5_000, day(6)), rejected(4, "w", day(6)))
    assert [journal.effective_at for journal in story.books.journals[-2:]] == [day(7), day(7)]


def test_an_order_paid_after_its_window_settles_at_its_payment(story: Story) -> None:
    story.tell(completed(1, "o", T0 - timedelta(days=8)), paid(2, "o", 10_000))
    assert story.books.orders["o"].settles_at == T0


# --- withdrawals ----------------------------------------------------------------------------------------------------


def test_the_first_refusal_that_applies_is_named(story: Story) -> None:
    story.tell(paid(1, "o", 100_000_000, above=chain("A")), completed(2, "o"))
    story.settle("o")
    assert codes(
        story.tell(
            requested(3, "w1", "nobody", 10**12, day(8), known=False),
            requested(4, "w2", "A", 10_000_001, day(8)),
            requested(5, "w3", "A", 5_000_001, day(8)),
            requested(6, "w4", "A", 9, day(8)),
            requested(7, "w5", "A", 5_000_000, day(8)),
            requested(8, "w5", "A", 5_000_000, day(8)),
            refunded(9, "r", "o", day(9), line_1=100_000_000),
            requested(10, "w6", "A", 1, day(9)),
        )
    ) == [
        (3, "refused", "unknown_member"),
        (4, "refused", "insufficient_available"),
        (5, "refused", "limit_single"),
        (6, "refused", "limit_min"),
        (7, "applied", None),
        (8, "none", None),
        (9, "applied", None),
        (10, "refused", "arrears_outstanding"),
    ]


def test_a_rejected_withdrawal_goes_back_and_meets_the_arrears_first(story: Story) -> None:
    story.tell(paid(1, "o", 50_000, above=chain("A")), completed(2, "o"))
    story.settle("o")
    story.tell(requested(3, "w", "A", 5_000, day(8)), refunded(4, "r", "o", day(9), line_1=20_000))
    outcomes = story.tell(rejected(5, "w", day(10)), rejected(6, "w", day(10)), rejected(7, "x", day(10)))
    assert codes(outcomes) == [
        (5, "applied", None),
        (6, "refused", "already_decided"),
        (7, "refused", "unknown_withdrawal"),
    ]
    assert story.owed("A") == {"AVAILABLE": 3000}
    assert [journal.kind for journal in story.books.journals[-2:]] == ["rejection", "rejection_offset"]


# --- sales ----------------------------------------------------------------------------------------------------------


def test_sales_count_lines_of_level_one_and_commission_of_all_net_of_refunds(story: Story) -> None:
    story.tell(paid(1, "o", 10_000, 500), refunded(2, "r", "o", line_1=4_000))
    sales = story.books.sales
    assert (sales["A"].own_gmv_fen, sales["A"].commission_fen) == (6_500, 650)
    assert (sales["B"].own_gmv_fen, sales["B"].commission_fen) == (0, 260)


def test_a_line_named_twice_in_one_refund_counts_twice(story: Story) -> None:
    story.tell(paid(1, "o", 10_000))
    done = story.books.orders["o"].refund([RefundLine("1", 6_000), RefundLine("1", 6_000)])
    assert (done.lines_fen, done.capped_fen, done.clawed_back_fen) == (10_000, {"1": 4_000}, {"A": 1000, "B": 400})
