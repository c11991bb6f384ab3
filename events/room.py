"""What a room declares of itself, in one place; the composition root lists rooms and puts them together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.stores.postgres import Connection
from events.consumer import Consumer, Stage
from events.contract import Contract

Seed = Callable[[Connection, str, datetime], Awaitable[None]]
"""What a room gives a new brand to begin with, in the transaction that makes it."""


class JobCancelled(Exception):
    """Somebody asked for the end of a job; it leaves nothing half-done behind."""


class Progress(Protocol):
    """What a job tells of itself while it runs, and what it finds when it is taken up again."""

    @property
    def step(self) -> Any:
        """What the last step left; None where the job begins, or begins anew."""
        ...

    async def at(self, done: int, total: int | None = None, *, step: Any = None) -> None:
        """Tell how far the work has come, in whatever the job counts; ``step`` is kept for a worker after this one.

        Raises JobCancelled where the job is to end here. Without a ``step`` it costs nothing to call it often.
        """
        ...

    async def begin_anew(self) -> None:
        """What the last step left is of no use: the job begins anew, and is said to."""
        ...


class Unwatched:
    """The progress of work that nobody asked for: it begins, nobody looks, and it is never cancelled."""

    step = None

    async def at(self, done: int, total: int | None = None, *, step: Any = None) -> None:
        """Nobody is told."""

    async def begin_anew(self) -> None:
        """It did."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work on one brand that no event asks for: ``run(brand, params, progress)`` answers its result, a JSON object.

    ``by`` are the roles that may start it besides admin, None: nobody may. With ``joins`` whoever asks while it runs
    waits for that run. With ``every_seconds`` the worker also runs it by itself, without a record. ``timed`` work falls
    due by the clock of the installation: it also runs whenever a simulated clock is moved.
    """

    name: str
    run: Callable[[str, Mapping[str, Any], Progress], Awaitable[Mapping[str, Any]]]
    by: tuple[str, ...] | None = ()
    joins: bool = False
    every_seconds: float | None = None
    timed: bool = False

    def may_start(self, role: str) -> bool:
        """Whether somebody of this role may start it, and see what became of it."""
        return self.by is not None and (role == "admin" or role in self.by)


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
