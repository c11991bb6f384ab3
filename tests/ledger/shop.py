"""Facts of a small shop, written as short as a test wants to read them."""

import hashlib
from datetime import UTC, datetime, timedelta

from events.decided import Decided, DecisionOutcome
from events.facts import PaidLine, RefundLine
from graph.findings import ChainPerson
from ledger.domain.facts import (
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderRefunded,
    WithdrawalRejected,
    WithdrawalRequested,
)
from ledger.domain.plan import DEFAULT_DOCUMENT, Plan, read_plan

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEFAULT_PLAN: Plan = read_plan(DEFAULT_DOCUMENT, 1)


def day(count: int) -> datetime:
    """So many days after the shop opened."""
    return T0 + timedelta(days=count)


def chain(*member_ids: str, silent: tuple[str, ...] = ()) -> tuple[ChainPerson, ...]:
    """Persons above a buyer, level 1 first; the silent ones earn nothing."""
    return tuple(
        ChainPerson(level, member_id, member_id not in silent, "suspended" if member_id in silent else None, "B")
        for level, member_id in enumerate(member_ids, 1)
    )


def paid(
    seq: int,
    order_id: str,
    *lines_fen: int,
    above: tuple[ChainPerson, ...] = chain("A", "B"),
    at: datetime = T0,
    outcome: DecisionOutcome = "allow",
    quantity: int = 1,
    new_buyer: bool = False,
    region: str | None = None,
) -> OrderPaid:
    """An order of lines numbered from 1; the same arguments but ``seq`` are the same content."""
    lines = tuple(PaidLine(str(n), f"p{n}", "tea", quantity, fen) for n, fen in enumerate(lines_fen, 1))
    return OrderPaid(
        seq=seq,
        order_id=order_id,
        buyer_id="buyer",
        channel="mini_program",
        region=region,
        placed_at=at,
        paid_at=at,
        freight_fen=800,
        lines=lines,
        data_print=_print(order_id, lines_fen, at),
        chain=above,
        new_buyer=new_buyer,
        decision=Decided(f"dec_{order_id}", outcome, [] if outcome == "allow" else [{"rule": "self_purchase"}]),
    )


def refunded(
    seq: int, refund_id: str, order_id: str, at: datetime = T0 + timedelta(days=1), **fen: int
) -> OrderRefunded:
    """A refund; lines are named ``line_1=…``."""
    lines = tuple(RefundLine(name.removeprefix("line_"), amount) for name, amount in fen.items())
    return OrderRefunded(seq, refund_id, order_id, at, lines, _print(order_id, fen, at))


def completed(seq: int, order_id: str, at: datetime = T0) -> OrderCompleted:
    """The order has been received."""
    return OrderCompleted(seq, order_id, at)


def cancelled(seq: int, order_id: str, at: datetime = T0 + timedelta(days=1)) -> OrderCancelled:
    """The order is given back as a whole."""
    return OrderCancelled(seq, order_id, at)


def requested(
    seq: int, withdrawal_id: str, member_id: str, fen: int, at: datetime, known: bool = True
) -> WithdrawalRequested:
    """A withdrawal through WeChat."""
    return WithdrawalRequested(seq, withdrawal_id, member_id, known, fen, "wechat", None, at, "finance")


def rejected(seq: int, withdrawal_id: str, at: datetime) -> WithdrawalRejected:
    """Turned down by the second finance person."""
    return WithdrawalRejected(seq, withdrawal_id, "wrong account", at, "finance2")


def _print(*content: object) -> bytes:
    return hashlib.sha256(repr(content).encode()).digest()[:16]
