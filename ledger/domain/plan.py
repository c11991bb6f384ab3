"""Commission plans: which rule pays whom how much for an order line.

Rules are tried in order; per line and level the first that matches pays ``quantity × fixed_fen`` plus its share of the
line, within floor and cap, never above the line. An explicit 0 pays nothing; no match pays nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from core import limits
from core.money import BPS, Money, share_fen
from events.facts import PaidLine
from graph.findings import ChainPerson
from ledger.domain.facts import OrderPaid

ANY_CURRENCY = "XXX"  # ISO 4217: no currency; a split of fen asks for none


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule asks for; None asks for nothing. ``since <= placed_at < until``."""

    product_id: str | None = None
    category: str | None = None
    grade: str | None = None
    level: int | None = None
    channel: str | None = None
    region: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    buyer: Literal["new", "returning"] | None = None

    def takes(self, order: OrderPaid, line: PaidLine, person: ChainPerson) -> bool:
        """Whether this line of this order, for this person, is what the rule is about."""
        return (
            (self.level is None or self.level == person.level)
            and (self.product_id is None or self.product_id == line.product_id)
            and (self.category is None or self.category == line.category)
            and (self.grade is None or self.grade == person.grade)
            and (self.channel is None or self.channel == order.channel)
            and (self.region is None or order.region in self.region)
            and (self.since is None or self.since <= order.placed_at)
            and (self.until is None or order.placed_at < self.until)
            and (self.buyer is None or (self.buyer == "new") == order.new_buyer)
        )


@dataclass(frozen=True, slots=True)
class Pay:
    """What a rule pays for one line."""

    fixed_fen: int = 0
    rate_bps: int = 0
    floor_fen: int | None = None
    cap_fen: int | None = None

    def of(self, line: PaidLine) -> int:
        """Fen for this line, rounded half up, within floor and cap, never above the line; a pay of 0 stays 0."""
        if self.fixed_fen == 0 and self.rate_bps == 0:
            return 0
        fen = line.quantity * self.fixed_fen + share_fen(line.paid_fen, self.rate_bps)
        if self.floor_fen is not None and fen < self.floor_fen:
            fen = self.floor_fen
        if self.cap_fen is not None and fen > self.cap_fen:
            fen = self.cap_fen
        return min(fen, line.paid_fen)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a plan: whom it is about and what it pays."""

    rule_id: str
    match: Match
    pay: Pay


@dataclass(frozen=True, slots=True)
class Plan:
    """One published version of a plan. ``order_cap_bps`` bounds all commission of an order as a share of its lines."""

    plan_id: str
    version: int
    effective_from: datetime
    after_sales_days: int
    order_cap_bps: int
    rules: tuple[Rule, ...]

    def rule_for(self, order: OrderPaid, line: PaidLine, person: ChainPerson) -> Rule | None:
        """The first rule that matches, or None."""
        for rule in self.rules:
            if rule.match.takes(order, line, person):
                return rule
        return None


class Earned(NamedTuple):
    """What one person earns by one line, and by which rule."""

    line_id: str
    level: int
    member_id: str
    rule_id: str
    rate_bps: int
    earned_fen: int


def earn(plan: Plan, order: OrderPaid) -> list[Earned]:
    """What each earning person of the chain gets for each line, before any refund, within the order's cap.

    Where the cap is met it is split in proportion by largest remainder, ties to the lower level.
    """
    assert len(order.chain) <= limits.LEVELS_MAX, "more than three persons in a chain"
    earned = []
    for person in order.chain:
        if not person.earns:
            continue
        for line in order.lines:
            rule = plan.rule_for(order, line, person)
            if rule is not None:
                pay = rule.pay
                earned.append(
                    Earned(line.line_id, person.level, person.member_id, rule.rule_id, pay.rate_bps, pay.of(line))
                )
    cap_fen = share_fen(sum(line.paid_fen for line in order.lines), plan.order_cap_bps)
    if sum(part.earned_fen for part in earned) <= cap_fen:
        return earned
    shares = Money(cap_fen, ANY_CURRENCY).split([part.earned_fen for part in earned])
    return [part._replace(earned_fen=share.minor) for part, share in zip(earned, shares, strict=True)]


def in_force(plans: Sequence[Plan], at: datetime) -> Plan | None:
    """The plan for an order placed at this instant: the latest to take effect, of these the highest version."""
    begun = [plan for plan in plans if plan.effective_from <= at]
    return max(begun, key=lambda plan: (plan.effective_from, plan.version), default=None)


DEFAULT_DOCUMENT: Mapping[str, Any] = {
    "plan_id": "default",
    "name": "Default",
    "effective_from": "1970-01-01T00:00:00Z",
    "channel_profile": "standard",
    "after_sales_days": 7,
    "order_cap_bps": BPS,
    "rules": [
        {"rule_id": f"level_{level}", "match": {"level": level}, "pay": {"rate_bps": rate_bps}}
        for level, rate_bps in ((1, 1_000), (2, 400), (3, 100))
    ],
}
"""The plan every brand starts with: 10 %, 4 % and 1 % of each line, settled seven days after completion."""


def read_plan(document: Mapping[str, Any], version: int) -> Plan:
    """A plan document that was checked when it was stored, as values."""
    return Plan(
        plan_id=document["plan_id"],
        version=version,
        effective_from=_instant(document["effective_from"]),
        after_sales_days=document["after_sales_days"],
        order_cap_bps=document.get("order_cap_bps", BPS),
        rules=tuple(_rule(rule) for rule in document["rules"]),
    )


def _rule(document: Mapping[str, Any]) -> Rule:
    match, pay = document.get("match", {}), document["pay"]
    return Rule(
        rule_id=document["rule_id"],
        match=Match(
            product_id=match.get("product_id"),
            category=match.get("category"),
            grade=match.get("grade"),
            level=match.get("level"),
            channel=match.get("channel"),
            region=frozenset(match["region"]) if "region" in match else None,
            since=_instant(match["from"]) if "from" in match else None,
            until=_instant(match["to"]) if "to" in match else None,
            buyer=match.get("buyer"),
        ),
        pay=Pay(
            fixed_fen=pay.get("fixed_fen", 0),
            rate_bps=pay.get("rate_bps", 0),
            floor_fen=pay.get("floor_fen"),
            cap_fen=pay.get("cap_fen"),
        ),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
