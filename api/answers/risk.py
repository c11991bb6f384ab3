"""Risk decisions and the blacklist."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypeAliasType

from api.answers.fields import Answer, At, Page, shown
from events import decided

DecisionOutcome = TypeAliasType("DecisionOutcome", decided.DecisionOutcome)
Stage = TypeAliasType("Stage", Literal["order", "settlement", "withdrawal", "application"])

_REASON = {
    "rule": "shared_tie",
    "outcome": "review",
    "points": 40,
    "message": "the buyer shares a phone, payout account or device with a person above",
    "evidence": [
        {
            "path": [
                {"kind": "member", "id": "m9"},
                {"kind": "phone", "id": "phone_5f0e…"},
                {"kind": "member", "id": "m1"},
            ]
        }
    ],
}
_DECISION = {
    "decision_id": "dec_2c4749541ac4bc69394e",
    "check_id": "chk-1",
    "stage": "order",
    "order_id": "o1",
    "outcome": "review",
    "score": 40,
    "reasons": [_REASON],
    "missing": [],
    "rulebook_version": 1,
    "evaluated_at": "2026-11-02T00:00:00Z",
    "differs": None,
}


class Place(Answer):
    """A place on a path of evidence."""

    kind: str
    """``member``, ``order``, or a kind of identifier."""
    id: str
    """Of an identifier its token."""


class Evidence(Answer):
    """A path that shows what a rule found."""

    path: list[Place]


class Reason(Answer):
    """A rule that hit."""

    model_config = shown(**_REASON)

    rule: str
    outcome: DecisionOutcome
    points: int
    message: str
    """For people."""
    evidence: list[Evidence]
    error: str | None = None
    """Why the rule could not be evaluated; only where it could not."""


class Differs(Answer):
    """The paid order is not what its check saw."""

    decision_id: str
    """Of the check."""
    fields: list[str]
    """In which the two differ."""


class Decision(Answer):
    """What the risk room says of an order; the worst of its reasons wins."""

    model_config = shown(**_DECISION)

    decision_id: str
    check_id: str | None
    """Null where the decision was made when the order was paid."""
    stage: Stage
    order_id: str
    outcome: DecisionOutcome
    score: int
    """The sum of the points of its reasons."""
    reasons: list[Reason]
    missing: list[Literal["redis", "neo4j", "postgres"]]
    """Sources that did not answer; with any, the outcome is at least ``review``."""
    rulebook_version: int
    evaluated_at: At
    differs: Differs | None
    """Of an order that was paid otherwise than it was checked; the worse of both decisions counts."""


class Recomputed(Answer):
    """What the rulebook of a decision says of the recorded features now."""

    outcome: DecisionOutcome
    score: int
    rules: list[str]
    """Names of the rules that hit."""
    rulebook_version: int


class DecisionReplayed(Answer):
    """A decision as it was made, and made once more."""

    model_config = shown(
        decision=_DECISION,
        agrees=True,
        replayed={"outcome": "review", "score": 40, "rules": ["shared_tie"], "rulebook_version": 1},
    )

    decision: Decision
    agrees: bool
    """Whether both say the same."""
    replayed: Recomputed


class Listing(Answer):
    """An entry of the blacklist."""

    model_config = shown(
        entry_id="blk_1f2e3d4c",
        kind="device",
        token="device_77aa…",  # noqa: S106 - no password, an example
        reason="cashed out a stolen card",
        listed_at="2026-11-02T00:00:00Z",
        listed_by="analyst",
        lifted_at=None,
        status="active",
    )

    entry_id: str
    kind: str
    """``member``, or a kind of identifier."""
    token: str
    """Stands for what was listed, which is kept nowhere in clear; of a member its id."""
    reason: str
    listed_at: At
    listed_by: str
    """The person who listed it."""
    lifted_at: At | None
    status: Literal["active", "lifted"]


class Listings(Page):
    """The blacklist, by entry."""

    items: list[Listing]
