"""The books: facts in, journals out, one after the other in the order of the log.

A ``Books`` holds what was loaded for one batch. It decides alone and in order; what it changed is read off it and
saved in one go. It never looks at a clock: every instant comes with a fact.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import limits
from events.outcome import Outcome
from ledger.domain import order as orders
from ledger.domain import withdrawal as withdrawals
from ledger.domain.accounts import Account
from ledger.domain.facts import (
    Fact,
    OrderCancelled,
    OrderCompleted,
    OrderFollowUp,
    OrderPaid,
    OrderRefunded,
    WithdrawalRejected,
    WithdrawalRequested,
)
from ledger.domain.journal import Journal, Kind, accrual, clawback, transfer
from ledger.domain.order import Order, Refunded, State
from ledger.domain.plan import Plan, in_force
from ledger.domain.wallet import Wallet
from ledger.domain.withdrawal import Withdrawal

_PAYABLE = {State.FROZEN: Account.PENDING, State.HELD: Account.HELD}

_Part = tuple[Account, str, int]
"""What a clawback takes: from which account of which member, how much."""

RefundKey = tuple[str, str]
"""Order id and refund id: the shop's refund ids are unique within an order."""


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """A refund that was told once, applied or parked; its fingerprint tells a repeat from another content."""

    refund_id: str
    order_id: str
    seq: int
    data_print: bytes

    @property
    def key(self) -> RefundKey:
        return self.order_id, self.refund_id


@dataclass(slots=True)
class Sales:
    """What changed in a member's sales: lines sold as level 1 net of refunds, commission net of clawbacks.

    ``sold_at`` and ``earned_at`` are the latest instants at which the two changed.
    """

    own_gmv_fen: int = 0
    commission_fen: int = 0
    sold_at: datetime | None = None
    earned_at: datetime | None = None


_CANCELLED = "/"
"""What changed a sale when it was a cancellation; no refund has this id."""


@dataclass(frozen=True, slots=True)
class Sold:
    """One change of a member's sales, at an instant; ``cause`` is empty for the payment of the order itself."""

    member_id: str
    at: datetime
    order_id: str
    cause: str
    fen: int


@dataclass(slots=True)
class Books:
    """Loaded aggregates by id, and what a batch changed.

    Before a fact is applied the following must be loaded, as far as they exist: its order, the parked facts of an
    order that is paid, its refund id, its withdrawal, and the wallets of settled orders' payees and of the
    withdrawal's member. A wallet that was not loaded is an empty one. For the orders in ``crowded`` more waits than may
    be loaded: all that waits for them, told in this batch or before, goes on waiting, to be released in order of seq.
    """

    plans: Sequence[Plan]
    orders: dict[str, Order] = field(default_factory=dict)
    parked: dict[str, list[OrderFollowUp]] = field(default_factory=dict)
    refunds: dict[RefundKey, RefundSeen] = field(default_factory=dict)
    wallets: dict[str, Wallet] = field(default_factory=dict)
    withdrawals: dict[str, Withdrawal] = field(default_factory=dict)
    crowded: Collection[str] = ()

    journals: list[Journal] = field(default_factory=list)
    sales: dict[str, Sales] = field(default_factory=dict)
    sold: list[Sold] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    refunds_new: list[RefundSeen] = field(default_factory=list)
    parked_new: dict[int, OrderFollowUp] = field(default_factory=dict)
    parked_done: list[OrderFollowUp] = field(default_factory=list)
    withdrawals_changed: set[str] = field(default_factory=set)

    def apply(self, fact: Fact) -> list[Outcome]:
        """Book one fact; its outcome, followed by those of parked facts it released, in the order of their seq."""
        match fact:
            case OrderPaid():
                return self._paid(fact)
            case OrderRefunded():
                return [self._refund_told(fact)]
            case OrderCompleted() | OrderCancelled():
                return [self._followed(fact)]
            case WithdrawalRequested():
                return [self._withdrawal_requested(fact)]
            case WithdrawalRejected():
                return [self._withdrawal_rejected(fact)]

    def release(self, waited: OrderFollowUp) -> Outcome:
        """Apply a parked fact of an order that is known by now."""
        self.parked_done.append(waited)
        return self._follow(self.orders[waited.order_id], waited)

    def settle(self, order: Order) -> None:
        """Make an order's commission available and offset the arrears of its payees."""
        owed = order.settle()
        self.changed.add(order.order_id)
        if not owed:
            return
        assert order.settles_at is not None
        at = order.settles_at
        moves = ((Account.PENDING, Account.AVAILABLE, member_id, fen) for member_id, fen in owed.items())
        self.journals.append(transfer(Kind.SETTLEMENT, order.order_id, "", at, moves))
        for member_id, fen in owed.items():
            self._credit(member_id, fen, at, Kind.SETTLEMENT_OFFSET, order.order_id)

    # --- orders ---------------------------------------------------------------------------------------------------

    def _paid(self, fact: OrderPaid) -> list[Outcome]:
        known = self.orders.get(fact.order_id)
        if known is not None:
            if known.data_print == fact.data_print:
                return [Outcome(fact.seq, "none")]
            return [Outcome(fact.seq, "refused", "order_conflict", {"order_id": fact.order_id, "first_seq": known.seq})]
        order = orders.open_order(fact, in_force(self.plans, fact.placed_at))
        self.orders[order.order_id] = order
        self.changed.add(order.order_id)
        owed = order.owed_fen()
        if owed:
            payable = _PAYABLE[State(order.state)]
            self.journals.append(accrual(order.order_id, order.paid_at, payable, owed))
        for member_id, fen in owed.items():
            self._earned(member_id, fen, order.paid_at)
        self._sold(order, sum(line.paid_fen for line in order.lines), order.paid_at, "")
        outcomes = [Outcome(fact.seq, "applied")]
        if fact.order_id in self.crowded:
            return outcomes
        for waiting in sorted(self.parked.pop(fact.order_id, ()), key=lambda told: told.seq):
            if self.parked_new.pop(waiting.seq, None) is None:
                self.parked_done.append(waiting)
            outcomes.append(self._follow(order, waiting))
        return outcomes

    def _refund_told(self, fact: OrderRefunded) -> Outcome:
        known = self.refunds.get((fact.order_id, fact.refund_id))
        if known is not None:
            if known.data_print == fact.data_print:
                return Outcome(fact.seq, "none")
            return Outcome(
                fact.seq, "refused", "refund_conflict", {"refund_id": fact.refund_id, "first_seq": known.seq}
            )
        seen = RefundSeen(fact.refund_id, fact.order_id, fact.seq, fact.data_print)
        self.refunds[seen.key] = seen
        self.refunds_new.append(seen)
        return self._followed(fact)

    def _followed(self, fact: OrderFollowUp) -> Outcome:
        order = self.orders.get(fact.order_id)
        if order is None:
            self.parked.setdefault(fact.order_id, []).append(fact)
            self.parked_new[fact.seq] = fact
            return Outcome(fact.seq, "parked")
        return self._follow(order, fact)

    def _follow(self, order: Order, fact: OrderFollowUp) -> Outcome:
        self.changed.add(order.order_id)
        match fact:
            case OrderCompleted():
                return Outcome(fact.seq, "applied" if order.complete(fact.completed_at) else "none")
            case OrderCancelled():
                source = _source_of_clawback(order)
                done = order.cancel(fact.cancelled_at)
                if done is None:
                    return Outcome(fact.seq, "none")
                self._take_back(order, done, source, Kind.CANCELLATION, "", fact.cancelled_at)
                return Outcome(fact.seq, "applied")
            case OrderRefunded():
                source = _source_of_clawback(order)
                done = order.refund(fact.lines)
                self._take_back(order, done, source, Kind.CLAWBACK, fact.refund_id, fact.refunded_at)
                return _refund_outcome(fact, done)

    def _take_back(
        self, order: Order, done: Refunded, source: Account, kind: Kind, cause: str, told_at: datetime
    ) -> None:
        """Book a clawback: out of the order's own pending or held commission, else out of the payees' wallets.

        What a payee's available gives back waits for the latest credit to it, and is then a journal of its own.
        """
        self._sold(order, -done.lines_fen, max(told_at, order.paid_at), cause or _CANCELLED)
        taken = done.clawed_back_fen
        if not taken:
            return
        if source is not Account.AVAILABLE:
            own = [(source, member_id, fen) for member_id, fen in taken.items()]
            self._claw_back(kind, order, cause, max(told_at, order.paid_at), own)
            return
        assert order.settles_at is not None
        at = max(told_at, order.settles_at)
        parts: list[_Part] = []
        later: list[tuple[str, datetime, _Part]] = []
        for member_id, fen in taken.items():
            met = self._wallet(member_id).take(fen, at)
            available = (Account.AVAILABLE, member_id, met.available_fen)
            if met.available_at > at:
                later.append((f"{cause}/{member_id}", met.available_at, available))  # no id holds a slash
            else:
                parts.append(available)
            parts.append((Account.ARREARS, member_id, met.arrears_fen))
        self._claw_back(kind, order, cause, at, parts)
        for own_cause, own_at, available in later:
            self._claw_back(kind, order, own_cause, own_at, [available])

    def _claw_back(self, kind: Kind, order: Order, cause: str, at: datetime, parts: Sequence[_Part]) -> None:
        """One journal of a clawback; none where there is nothing to take."""
        if not any(fen for _, _, fen in parts):
            return
        self.journals.append(clawback(kind, order.order_id, cause, at, parts))
        for _, member_id, fen in parts:
            self._earned(member_id, -fen, at)

    # --- sales ----------------------------------------------------------------------------------------------------

    def _sold(self, order: Order, lines_fen: int, at: datetime, cause: str) -> None:
        """A change of what the person at level 1 sold: by the payment of an order, a refund, its cancellation."""
        if order.promoter_id is None or not lines_fen:
            return
        sales = self.sales.setdefault(order.promoter_id, Sales())
        sales.own_gmv_fen += lines_fen
        sales.sold_at = max(at, sales.sold_at or at)
        self.sold.append(Sold(order.promoter_id, at, order.order_id, cause, lines_fen))

    def _earned(self, member_id: str, fen: int, at: datetime) -> None:
        """A change of what a payee earned, effective at an instant."""
        if fen:
            sales = self.sales.setdefault(member_id, Sales())
            sales.commission_fen += fen
            sales.earned_at = max(at, sales.earned_at or at)

    # --- withdrawals ----------------------------------------------------------------------------------------------

    def _withdrawal_requested(self, fact: WithdrawalRequested) -> Outcome:
        if fact.withdrawal_id in self.withdrawals:
            return Outcome(fact.seq, "none")
        wallet = self._wallet(fact.member_id)
        code = withdrawals.refusal(fact, wallet)
        if code is not None:
            detail: dict[str, Any] = {  # outcomes are kept as numbers of 64 bits, sums have no bound
                "available_fen": min(wallet.available_fen, limits.NUMBER_MAX),
                "arrears_fen": min(wallet.arrears_fen, limits.NUMBER_MAX),
            }
            return Outcome(fact.seq, "refused", code, detail if fact.member_known else None)
        at = wallet.freeze(fact.amount_fen, fact.at)
        opened = self.withdrawals[fact.withdrawal_id] = withdrawals.requested(fact)
        self.withdrawals_changed.add(fact.withdrawal_id)
        moves = [(Account.AVAILABLE, Account.IN_WITHDRAWAL, fact.member_id, fact.amount_fen)]
        self.journals.append(transfer(Kind.WITHDRAWAL, fact.withdrawal_id, "", at, moves))
        return Outcome(fact.seq, "applied", detail=opened.answer())

    def _withdrawal_rejected(self, fact: WithdrawalRejected) -> Outcome:
        withdrawal = self.withdrawals.get(fact.withdrawal_id)
        if withdrawal is None:
            return Outcome(fact.seq, "refused", "unknown_withdrawal")
        if withdrawal.status != "requested":
            return Outcome(fact.seq, "refused", "already_decided", {"status": withdrawal.status})
        withdrawal.status = "rejected"
        withdrawal.rejected_at, withdrawal.rejected_by, withdrawal.reason = fact.at, fact.actor, fact.reason
        self.withdrawals_changed.add(fact.withdrawal_id)
        member_id, fen = withdrawal.member_id, withdrawal.gross_fen
        at = max(fact.at, withdrawal.requested_at, self._wallet(member_id).credited_at or fact.at)
        moves = [(Account.IN_WITHDRAWAL, Account.AVAILABLE, member_id, fen)]
        self.journals.append(transfer(Kind.REJECTION, fact.withdrawal_id, "", at, moves))
        self._credit(member_id, fen, at, Kind.REJECTION_OFFSET, fact.withdrawal_id)
        return Outcome(fact.seq, "applied", detail=withdrawal.answer())

    # --- wallets --------------------------------------------------------------------------------------------------

    def _wallet(self, member_id: str) -> Wallet:
        wallet = self.wallets.get(member_id)
        if wallet is None:
            wallet = self.wallets[member_id] = Wallet(member_id)
        return wallet

    def _credit(self, member_id: str, fen: int, at: datetime, kind: Kind, subject: str) -> None:
        """A credit to available, and the offset of arrears out of it."""
        offset = self._wallet(member_id).credit(fen, at)
        if offset is not None:
            moves = [(Account.AVAILABLE, Account.ARREARS, member_id, offset.fen)]
            self.journals.append(transfer(kind, subject, member_id, offset.effective_at, moves))


def wallets_needed(facts: Iterable[Fact], orders: Iterable[Order], withdrawals: Iterable[Withdrawal]) -> set[str]:
    """The members whose wallets these facts may touch, given the orders and withdrawals they name."""
    needed = {fact.member_id for fact in facts if isinstance(fact, WithdrawalRequested)}
    needed.update(withdrawal.member_id for withdrawal in withdrawals)
    needed.update(part.member_id for order in orders if order.state == State.SETTLED for part in order.commissions)
    return needed


def _source_of_clawback(order: Order) -> Account:
    """Where an order's commission lies now."""
    return _PAYABLE.get(State(order.state), Account.AVAILABLE)


def _refund_outcome(fact: OrderRefunded, done: Refunded) -> Outcome:
    detail: dict[str, Any] = {}
    if done.unknown_lines:
        detail["unknown_lines"] = list(done.unknown_lines)
    if done.capped_fen:
        detail["capped_fen"] = done.capped_fen
    if not detail:
        return Outcome(fact.seq, "applied")
    if len(done.unknown_lines) == len(fact.lines):
        return Outcome(fact.seq, "refused", "unknown_line", detail)
    return Outcome(fact.seq, "applied", "unknown_line" if done.unknown_lines else "refund_capped", detail)
