"""What the ledger is told: the facts of the log that touch money, parsed, with chain and decision already found."""

from dataclasses import dataclass
from datetime import datetime

from events.decided import Decided
from events.facts import PaidLine, RefundLine
from graph.findings import ChainPerson


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
    decision: Decided


@dataclass(frozen=True, slots=True)
class OrderCompleted:
    """The buyer has received the order: the after-sales window starts."""

    seq: int
    order_id: str
    completed_at: datetime


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
