"""What the ledger is told: the facts of the log that touch money, parsed, with chain and decision already found."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

DecisionOutcome = Literal["allow", "review", "block"]
Status = Literal["applied", "parked", "refused", "none"]


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One line of an order as it was paid, after discounts and without freight."""

    line_id: str
    product_id: str
    category: str
    quantity: int
    paid_fen: int


@dataclass(frozen=True, slots=True)
class ChainPerson:
    """One position above the buyer at ``placed_at``: level 1 is the nearest. ``why`` says why it earns nothing."""

    level: int
    member_id: str
    earns: bool
    why: str | None
    grade: str | None


@dataclass(frozen=True, slots=True)
class DecisionRef:
    """The risk decision an order is booked under; reasons as they are stored with the decision."""

    decision_id: str
    outcome: DecisionOutcome
    reasons: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OrderPaid:
    """A paid order with its frozen chain; ``data_print`` tells the same content again from another."""

    seq: int
    order_id: str
    buyer_id: str
    channel: str
    region: str | None
    placed_at: datetime
    paid_at: datetime
    freight_fen: int
    lines: tuple[PaidLine, ...]
    data_print: bytes
    chain: tuple[ChainPerson, ...]
    new_buyer: bool
    decision: DecisionRef


@dataclass(frozen=True, slots=True)
class OrderCompleted:
    """The buyer has received the order: the after-sales window starts."""

    seq: int
    order_id: str
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What of one line was paid back to the buyer."""

    line_id: str
    refund_fen: int


@dataclass(frozen=True, slots=True)
class OrderRefunded:
    """A full or partial refund; the same ``refund_id`` counts once."""

    seq: int
    refund_id: str
    order_id: str
    refunded_at: datetime
    lines: tuple[RefundLine, ...]
    data_print: bytes


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """A refund of all that remains."""

    seq: int
    order_id: str
    cancelled_at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawalRequested:
    """A member asks for money to be paid out; the account to pay to stays sealed as it stands in the log."""

    seq: int
    withdrawal_id: str
    member_id: str
    member_known: bool
    amount_fen: int
    channel: str
    payout_account_sealed: str | None
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class WithdrawalRejected:
    """Finance turns a requested withdrawal down."""

    seq: int
    withdrawal_id: str
    reason: str
    at: datetime
    actor: str


OrderFollowUp = OrderCompleted | OrderRefunded | OrderCancelled
"""What may arrive before its ``OrderPaid`` and then waits for it."""

Fact = OrderPaid | OrderFollowUp | WithdrawalRequested | WithdrawalRejected


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the books made of the fact with this ``seq``; the code says what was refused, capped or unknown."""

    seq: int
    status: Status
    code: str | None = None
    detail: dict[str, Any] | None = field(default=None)
