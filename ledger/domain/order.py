"""A paid order as the books keep it: its lines, the frozen chain, and what each payee earned and gave back.

The order decides amounts and states; which accounts they move between is the journals' business (``books``).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from core import limits
from core.clock import hours
from core.money import ratio_half_up
from events.decided import Decided
from events.facts import RefundLine
from graph.findings import ChainPerson
from ledger.domain.facts import OrderPaid
from ledger.domain.plan import Plan, earn


class State(StrEnum):
    """Where an order's commission stands.

    ``held`` waits for a verdict and never settles by time. ``voided``: blocked, or taken back before settlement.
    ``clawed_back``: all taken back after settlement.
    """

    FROZEN = "frozen"
    HELD = "held"
    SETTLED = "settled"
    VOIDED = "voided"
    CLAWED_BACK = "clawed_back"


_OPENING = {"allow": State.FROZEN, "review": State.HELD, "block": State.VOIDED}


@dataclass(frozen=True, slots=True)
class Line:
    """One line and how much of it was paid back to the buyer so far."""

    line_id: str
    product_id: str
    category: str
    quantity: int
    paid_fen: int
    refunded_fen: int = 0


@dataclass(frozen=True, slots=True)
class Commission:
    """What one person earned by one line. ``closed`` says how it ended once all of it was taken back."""

    line_id: str
    level: int
    member_id: str
    rule_id: str
    rate_bps: int
    earned_fen: int
    clawed_back_fen: int = 0
    closed: str | None = None


@dataclass(frozen=True, slots=True)
class PlanRef:
    """The plan version an order is paid by, also when it is refunded."""

    plan_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a refund did: fen off the lines, commission to take back per payee, and what could not be done."""

    lines_fen: int
    clawed_back_fen: dict[str, int]
    unknown_lines: tuple[str, ...] = ()
    capped_fen: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Order:
    """One order; changed only by its verbs."""

    seq: int
    order_id: str
    buyer_id: str
    channel: str
    region: str | None
    placed_at: datetime
    paid_at: datetime
    freight_fen: int
    new_buyer: bool
    data_print: bytes
    plan: PlanRef | None
    after_sales_days: int
    decision: Decided
    chain: Sequence[ChainPerson]
    lines: list[Line]
    commissions: list[Commission]
    state: str
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def settles_at(self) -> datetime | None:
        """When the order settles: the end of the after-sales window, never before the payment; None until completed."""
        if self.completed_at is None:
            return None
        return max(self.completed_at + hours(24 * self.after_sales_days), self.paid_at)

    @property
    def promoter_id(self) -> str | None:
        """The person at level 1, whose own sale this is; None without a chain and for a blocked order."""
        if self.decision.outcome == "block":
            return None
        return next((person.member_id for person in self.chain if person.level == 1), None)

    def owed_fen(self) -> dict[str, int]:
        """Commission not taken back, per payee in order of level, zeros left out."""
        owed: dict[str, int] = defaultdict(int)
        for part in self.commissions:
            if part.earned_fen > part.clawed_back_fen:
                owed[part.member_id] += part.earned_fen - part.clawed_back_fen
        return owed

    def state_of(self, part: Commission) -> str:
        """The state of one commission: its own end, else that of the order."""
        return part.closed or self.state

    def complete(self, completed_at: datetime) -> bool:
        """Start the after-sales window; False when it had started already, the first time counts."""
        if self.completed_at is not None:
            return False
        self.completed_at = completed_at
        return True

    def refund(self, refunds: Iterable[RefundLine]) -> Refunded:
        """Take refunds off their lines and, by cumulative target, off the commissions of those lines.

        A line's commission given back is ``round half up(earned × refunded so far / paid)``, so that any sequence of
        partial refunds ends at the same sum. What exceeds a line is capped at what remains of it.
        """
        position = {line.line_id: at for at, line in enumerate(self.lines)}
        unknown: list[str] = []
        capped: dict[str, int] = {}
        lines_fen = 0
        for part in refunds:
            at = position.get(part.line_id)
            if at is None:
                unknown.append(part.line_id)
                continue
            line = self.lines[at]
            fen = min(part.refund_fen, line.paid_fen - line.refunded_fen)
            if fen < part.refund_fen:
                capped[line.line_id] = fen
            self.lines[at] = replace(line, refunded_fen=line.refunded_fen + fen)
            lines_fen += fen
        return Refunded(lines_fen, self._claw_back() if lines_fen else {}, tuple(unknown), capped)

    def cancel(self, cancelled_at: datetime) -> Refunded | None:
        """Refund all that remains; None when the order was cancelled before."""
        if self.cancelled_at is not None:
            return None
        self.cancelled_at = cancelled_at
        done = self.refund([RefundLine(line.line_id, line.paid_fen - line.refunded_fen) for line in self.lines])
        self._close_if_over()
        return done

    def settle(self) -> dict[str, int]:
        """The window is over: what becomes available, per payee."""
        assert self.state == State.FROZEN
        owed = self.owed_fen()
        self.state = State.SETTLED
        return owed

    def _claw_back(self) -> dict[str, int]:
        """Bring every commission to the target of its line; what was taken, per payee in order of level."""
        lines = {line.line_id: line for line in self.lines}
        end = State.CLAWED_BACK if self.state in (State.SETTLED, State.CLAWED_BACK) else State.VOIDED
        taken: dict[str, int] = defaultdict(int)
        for at, part in enumerate(self.commissions):
            line = lines[part.line_id]
            if not line.refunded_fen or part.clawed_back_fen == part.earned_fen:
                continue
            target = ratio_half_up(part.earned_fen, line.refunded_fen, line.paid_fen)
            if target == part.clawed_back_fen:
                continue
            taken[part.member_id] += target - part.clawed_back_fen
            closed = end.value if target == part.earned_fen else None
            self.commissions[at] = replace(part, clawed_back_fen=target, closed=closed)
        self._close_if_over()
        return taken

    def _close_if_over(self) -> None:
        """Nothing left to earn: all commission taken back or, where there was none, all lines paid back."""
        earned_fen = sum(part.earned_fen for part in self.commissions)
        if earned_fen:
            over = earned_fen == sum(part.clawed_back_fen for part in self.commissions)
        else:
            over = all(line.refunded_fen == line.paid_fen for line in self.lines)
        if over:
            self.state = State.CLAWED_BACK if self.state in (State.SETTLED, State.CLAWED_BACK) else State.VOIDED


def open_order(fact: OrderPaid, plan: Plan | None) -> Order:
    """The order as it enters the books: commissions by the plan, held on ``review``, none at all on ``block``.

    A blocked order lists no commissions; its decision says why. Without a plan in force nothing is earned.
    """
    assert len(fact.chain) <= limits.LEVELS_MAX, "more than three persons in a chain"
    earned = [] if plan is None or fact.decision.outcome == "block" else earn(plan, fact)
    return Order(
        seq=fact.seq,
        order_id=fact.order_id,
        buyer_id=fact.buyer_id,
        channel=fact.channel,
        region=fact.region,
        placed_at=fact.placed_at,
        paid_at=fact.paid_at,
        freight_fen=fact.freight_fen,
        new_buyer=fact.new_buyer,
        data_print=fact.data_print,
        plan=PlanRef(plan.plan_id, plan.version) if plan else None,
        after_sales_days=plan.after_sales_days if plan else 0,
        decision=fact.decision,
        chain=fact.chain,
        lines=[Line(line.line_id, line.product_id, line.category, line.quantity, line.paid_fen) for line in fact.lines],
        commissions=[Commission(*part) for part in earned],
        state=_OPENING[fact.decision.outcome],
    )
