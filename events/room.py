"""What a room declares of itself, in one place; the composition root lists rooms and puts them together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.stores.postgres import Connection
from events.consumer import Consumer, Stage
from events.contract import Contract

Seed = Callable[[Connection, str, datetime], Awaitable[None]]
"""What a room gives a new brand to begin with, in the transaction that makes it."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work on one brand that no event asks for; ``run`` answers how many things it dealt with, 0 when none is left.

    With ``every_seconds`` the worker runs it by itself; ``on_demand``: an admin may run it too. ``timed`` work falls
    due by the clock of the installation: it also runs whenever a simulated clock is moved.
    """

    name: str
    run: Callable[[str], Awaitable[int]]
    every_seconds: float | None = None
    on_demand: bool = True
    timed: bool = False


@dataclass(frozen=True)
class Room:
    """Contracts of its own events, consumers of its own, stages it adds to consumers, jobs, what a new brand gets."""

    name: str
    contracts: tuple[Contract, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    stages: Mapping[str, tuple[Stage, ...]] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    seed: Seed | None = None
    warm: Callable[[], Awaitable[None]] | None = None
    """What makes the first events after a start as fast as later ones; done before the worker says that it is there."""
