"""The installation's clock, jobs and consumers."""

from __future__ import annotations

from typing import Literal

from api.answers.fields import Answer, At, Page, shown


class ClockReading(Answer):
    """What time it is here."""

    model_config = shown(now="2026-11-08T00:00:00Z", simulated=True)

    now: At | None
    """Null for a simulated clock that no event has started yet."""
    simulated: bool


class ClockMoved(Answer):
    """The simulated clock, after every job due by then has run."""

    model_config = shown(now="2026-11-08T00:00:00Z", simulated=True, settled=2)

    now: At
    simulated: Literal[True]
    settled: int
    """Orders that settled."""


class Drained(Answer):
    """Every consumer has reached the end of the brand's log."""

    model_config = shown(drained={"leaf": 17})

    drained: dict[str, int]
    """By brand: the number of the last event."""


class JobDone(Answer):
    """A job that ran."""

    model_config = shown(job="settle", done=True, count=2, settled=2)

    job: str
    done: Literal[True]
    count: int
    """Of what it is about: orders, members, files."""
    settled: int | None = None
    """Orders that settled; of the job ``settle`` alone."""


class Trouble(Answer):
    """What is wrong with a consumer of the brand."""

    consumer: str
    trouble: str
    """``failing``: tried again; ``waiting``: for a store, for long; ``diverged``: its book is not what the log says."""
    detail: str
    since: At


class ConsumerState(Answer):
    """How one consumer of the brand's log gets on."""

    model_config = shown(consumer="ledger", follows="graph", seq=17, events_behind=0, events_set_aside=0, trouble=None)

    consumer: str
    follows: str | None
    """The consumer it never passes; null where it follows the log itself."""
    seq: int
    """The number up to which it has dealt with the log."""
    events_behind: int
    events_set_aside: int
    trouble: Trouble | None


class EventSetAside(Answer):
    """An event that was passed over by a consumer, and why."""

    seq: int
    consumer: str
    error: str
    at: At


class Consumers(Page):
    """All consumers, and the latest events that were set aside."""

    items: list[ConsumerState]
    set_aside: list[EventSetAside]
