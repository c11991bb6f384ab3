"""What became of events."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypeAliasType

from api.answers.fields import Answer, At, Page, shown
from api.answers.problems import Problem

OutcomeStatus = TypeAliasType("OutcomeStatus", Literal["applied", "refused", "parked", "none", "failed", "pending"])


class Taken(Answer):
    """What became of one event that was sent."""

    model_config = shown(id="evt-1", status="accepted", seq=17, problem=None)

    id: str | None
    """Of the event; null where it had none that can be read."""
    status: Literal["accepted", "duplicate", "rejected"]
    seq: int | None
    """Its number in the log, of a duplicate that of the first time; null for a rejected one."""
    problem: Problem | None
    """Why it was rejected."""


class TakenAll(Answer):
    """One item for each event, in the order sent."""

    items: list[Taken]


class RefusedEvent(Answer):
    """An event that was refused, as people may see it: what may be personal is masked."""

    model_config = shown(
        rejection_id="rej_4d5e6f",
        id="evt-2",
        source="shop",
        type="order.completed.v1",
        via="http",
        received_at="2026-11-01T00:00:01Z",
        problem={
            "type": "urn:trefoil:problem:missing_field",
            "title": "missing field",
            "status": 422,
            "code": "missing_field",
            "detail": "data.completed_at: Field required",
            "errors": [{"field": "data.completed_at", "code": "missing_field", "message": "Field required"}],
        },
        event={"id": "evt-2", "type": "order.completed.v1", "data": {"order_id": "o1"}},
    )

    rejection_id: str
    """With it the event can be sent again."""
    id: str | None
    source: str | None
    type: str | None
    via: str
    """The way it came: ``http``, or a stream or topic."""
    received_at: At
    problem: Problem
    event: dict[str, Any] | None
    """As it was sent, values that may be personal masked; null where it was no object."""


class RefusedEvents(Page):
    """Refused events, the latest first."""

    items: list[RefusedEvent]


class LoggedEvent(Answer):
    """An event as the log keeps it, sealed values shown as ``***``."""

    id: str
    source: str
    type: str
    subject: str | None
    time: str
    data: dict[str, Any]
    """As it was sent, by the contract of its type."""


class EventOutcome(Answer):
    """What each consumer made of an event; every consumer has a field of its name."""

    __pydantic_extra__: dict[str, OutcomeStatus]

    graph: OutcomeStatus
    ledger: OutcomeStatus
    code: str | None
    """Of what was refused, capped or unknown."""
    detail: dict[str, Any] | None
    """Effects, by name, as the consumer recorded them."""


class EventRead(Answer):
    """One event of the log and its outcome."""

    model_config = shown(
        seq=17,
        event={
            "id": "evt-1",
            "source": "shop",
            "type": "order.completed.v1",
            "subject": None,
            "time": "2026-11-01T08:00:00+08:00",
            "data": {"order_id": "o1", "completed_at": "2026-11-01T08:00:00+08:00"},
        },
        outcome={"graph": "none", "ledger": "applied", "code": None, "detail": None},
        accepted_at="2026-11-01T00:00:01Z",
    )

    seq: int
    """Its number in the log of the brand, from 1 on without gaps."""
    event: LoggedEvent
    outcome: EventOutcome
    accepted_at: At


class ReplayTaken(Answer):
    """An event that was set aside is dealt with at the place of a new one."""

    model_config = shown(seq=21, replays=17, consumers=["ledger"])

    seq: int
    """Of the new event; its outcome tells how it went."""
    replays: int
    """The number of the event that was set aside."""
    consumers: list[str]
