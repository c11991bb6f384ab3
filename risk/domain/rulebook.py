"""The rulebook: versioned rules in CEL over named features; the worst outcome wins and silence is not consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import cel

from privacy.kinds import KINDS

Outcome = Literal["allow", "review", "block"]
_SEVERITY: Final[dict[Outcome, int]] = {"allow": 0, "review": 1, "block": 2}


def worst(*outcomes: Outcome) -> Outcome:
    """The most severe of outcomes; one more can only make it worse."""
    return max(outcomes, key=_SEVERITY.__getitem__, default="allow")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when the CEL expression ``when`` holds of the features, it hits with this outcome and points."""

    rule: str
    when: str
    outcome: Outcome
    points: int
    message: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that hit, as a reason of the decision; ``error`` tells a rule that could not be evaluated."""

    rule: str
    outcome: Outcome
    points: int
    message: str
    evidence: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None

    def as_reason(self) -> dict[str, Any]:
        """The reason as it is answered and stored."""
        reason: dict[str, Any] = {
            "rule": self.rule,
            "outcome": self.outcome,
            "points": self.points,
            "message": self.message,
            "evidence": self.evidence,
        }
        if self.error is not None:
            reason["error"] = self.error
        return reason


def missing_hit(source: str) -> Hit:
    """The reason that a source, one of ``redis``, ``neo4j`` and ``postgres``, was missing from a check."""
    return Hit(f"missing_{source}", "review", 0, f"{source} did not answer, so nobody can say that all is well")


@dataclass(frozen=True, slots=True)
class Judged:
    """Reasons as they are stored, and what follows of them."""

    outcome: Outcome
    reasons: list[dict[str, Any]]

    @property
    def score(self) -> int:
        """The points of all reasons."""
        return sum(reason["points"] for reason in self.reasons)

    def carrying(self, earlier: Judged) -> Judged:
        """This and an earlier one: the worse outcome, and the reasons of both; of the same rule the later one."""
        said = {reason["rule"] for reason in self.reasons}
        kept = [reason for reason in earlier.reasons if reason["rule"] not in said]
        return Judged(worst(earlier.outcome, self.outcome), [*kept, *self.reasons])


def judged(hits: Iterable[Hit]) -> Judged:
    """What follows of hits."""
    found = list(hits)
    return Judged(worst(*(hit.outcome for hit in found)), [hit.as_reason() for hit in found])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rulebook says of one set of features."""

    outcome: Outcome
    score: int
    hits: tuple[Hit, ...]


FEATURES: Final[dict[str, int | bool]] = {
    "named_self": False,
    "buyer_in_chain": False,
    "identity_ties": 0,
    "strong_ties": 0,
    "blacklisted": 0,
    "blacklist_marks": 0,
    "device_buyers": 0,
    "buyer_orders": 0,
    **{f"{kind.name}_orders": 0 for kind in KINDS.values() if kind.counted},
}
"""Every feature a rule may name, with the value it has when nothing is known.

``identity_ties``: ID cards and unionids the buyer has in common with a person above. ``strong_ties``: payout accounts,
phones and installed devices, the buyer's own or named in the order, that a person above owns too, each counted once.
``*_orders``: the most orders within any one hour that holds this one, itself included; ``device_buyers``: the most
buyers on its device within any ten minutes that hold it. Paid orders are counted; at a check, on its device, checked
ones as well, apart, each where it was told last, and the larger number is the feature. Windows are half open, by
``placed_at``; they are exact up to VELOCITY_ORDERS_MAX orders of a clock hour, and a window that touches an hour with
more says at least so many.
``blacklisted``: listed people and identifiers of the order, its buyer and the persons above; ``blacklist_marks``:
listed IP addresses among these.
"""


class Rulebook:
    """Rules of one version, compiled once."""

    def __init__(self, version: int, rules: Sequence[Rule]) -> None:
        self.version = version
        self.rules = tuple(rules)
        self._programs = [cel.compile(rule.when) for rule in rules]

    def judge(self, features: Mapping[str, int | bool]) -> Verdict:
        """Evaluate every rule; a rule that cannot be evaluated is recorded and counts as its own outcome."""
        context = cel.Context(variables={**FEATURES, **features})
        hits = []
        for rule, program in zip(self.rules, self._programs, strict=True):
            try:
                hit, error = program.execute(context), None
            except (ValueError, TypeError, RuntimeError, ArithmeticError) as failure:
                hit, error = True, str(failure)[:200]
            if hit:
                hits.append(Hit(rule.rule, rule.outcome, rule.points, rule.message, [], error))
        return Verdict(worst(*(hit.outcome for hit in hits)), sum(hit.points for hit in hits), tuple(hits))


DEFAULT_RULES: Final = (
    Rule("self_purchase", "named_self", "block", 100, "the order names its own buyer as promoter"),
    Rule(
        "same_identity",
        "identity_ties > 0",
        "block",
        100,
        "the buyer has the unionid or ID card of a person who would be paid",
    ),
    Rule(
        "shared_ties",
        "strong_ties > 1",
        "block",
        90,
        "two or more of payout account, phone and device are shared with persons who would be paid",
    ),
    Rule(
        "shared_tie",
        "strong_ties == 1",
        "review",
        50,
        "a payout account, phone or device is shared with a person who would be paid",
    ),
    Rule("buyer_in_chain", "buyer_in_chain", "review", 40, "the buyer stands in the chain that would be paid"),
    # a listing is for a person to look at, never a refusal by itself (Personal Information Protection Law, art. 24)
    Rule("blacklisted", "blacklisted > 0", "review", 60, "a person or an identifier of the order is on the blacklist"),
    Rule("blacklist_mark", "blacklist_marks > 0", "allow", 10, "an IP address of the order or its people is listed"),
    Rule(
        "device_buyers", "device_buyers >= 12", "review", 40, "twelve or more buyers on one device within ten minutes"
    ),
    Rule("device_velocity", "device_orders > 30", "review", 30, "more than thirty orders from one device in an hour"),
    Rule(
        "payout_velocity", "payout_account_orders > 30", "review", 30, "more than thirty orders name one payout account"
    ),
    Rule("address_velocity", "address_orders > 60", "review", 20, "more than sixty orders to one address in an hour"),
    # busy buyers are welcome, and carriers put thousands behind one IP address: both are shown, neither decides
    Rule("buyer_velocity", "buyer_orders > 20", "allow", 20, "more than twenty orders of one buyer within an hour"),
    Rule("ip_velocity", "ip_orders > 60", "allow", 10, "more than sixty orders from one IP address within an hour"),
)
"""What every brand begins with."""
