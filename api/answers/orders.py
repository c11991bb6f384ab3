"""Orders as the books keep them."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypeAliasType

from api.answers.fields import Answer, At, shown
from api.answers.risk import DecisionOutcome, Differs, Reason

CommissionState = TypeAliasType("CommissionState", Literal["frozen", "held", "settled", "voided", "clawed_back"])


class ChainPerson(Answer):
    """A position above the buyer, frozen when the order was placed."""

    level: int
    """1 is the nearest."""
    member_id: str
    earns: bool
    why: str | None = None
    """Why it earns nothing; only where it does not."""


class PlanOfOrder(Answer):
    """The plan version an order is paid by, also when it is refunded."""

    plan_id: str
    version: int


class DecisionOfOrder(Answer):
    """The risk decision the order is booked under."""

    decision_id: str
    outcome: DecisionOutcome
    reasons: list[Reason]
    differs: Differs | None
    """Where the order was paid otherwise than it was checked."""


class OrderLineState(Answer):
    """One line and what of it went back to the buyer."""

    line_id: str
    paid_fen: int
    refunded_fen: int


class Commission(Answer):
    """What one person earned by one line."""

    line_id: str
    level: int
    member_id: str
    rule_id: str
    """The rule of the plan that won."""
    rate_bps: int
    earned_fen: int
    clawed_back_fen: int
    """Taken back of what was earned."""
    state: CommissionState


class OrderRead(Answer):
    """A paid order."""

    model_config = shown(
        order_id="o1",
        buyer_id="m9",
        state="frozen",
        placed_at="2026-11-02T00:00:00Z",
        paid_at="2026-11-02T00:00:10Z",
        completed_at=None,
        settles_at=None,
        cancelled_at=None,
        chain=[
            {"level": 1, "member_id": "m1", "earns": True},
            {"level": 2, "member_id": "m0", "earns": False, "why": "suspended"},
        ],
        plan={"plan_id": "default", "version": 1},
        decision={"decision_id": "dec_2c4749541ac4bc69394e", "outcome": "allow", "reasons": [], "differs": None},
        lines=[{"line_id": "1", "paid_fen": 50_000, "refunded_fen": 0}],
        commissions=[
            {
                "line_id": "1",
                "level": 1,
                "member_id": "m1",
                "rule_id": "level_1",
                "rate_bps": 1_000,
                "earned_fen": 5_000,
                "clawed_back_fen": 0,
                "state": "frozen",
            }
        ],
        journals=["17"],
    )

    order_id: str
    buyer_id: str
    state: CommissionState
    """Where its commission stands: frozen until the after-sales window ends, held for a verdict, settled; voided when
    it was blocked or taken back before settlement, clawed_back when all was taken back after it."""
    placed_at: At
    paid_at: At
    completed_at: At | None
    """When the buyer received it; the after-sales window starts."""
    settles_at: At | None
    """When the after-sales window ends; null until the order is completed."""
    cancelled_at: At | None
    chain: list[ChainPerson]
    """Who stood above the buyer, level 1 first; at most three."""
    plan: PlanOfOrder | None
    """Null where no plan was in force."""
    decision: DecisionOfOrder
    lines: list[OrderLineState]
    commissions: list[Commission]
    journals: list[str]
    """Numbers of the journals that book it."""
