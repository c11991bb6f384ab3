"""What follows the log: consumers, each with a watermark of its own, and the stages that rooms give them.

A consumer runs its stages in order over one stretch of the log, in the transaction of its watermark. A stage says which
facts it takes and hands typed results to the stages after it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from core import limits
from core.stores.postgres import Connection
from events.outcome import Outcome

Fact = TypeVar("Fact", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Logged(Generic[Fact]):
    """One fact at its place in the log.

    ``data_print`` is a keyed hash of its data, to tell a repeat from a conflict; ``log_hash`` the log's at this place.
    """

    seq: int
    type: str
    fact: Fact
    data_print: bytes
    log_hash: bytes


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of the log is taken at once: events, and what they cost in rows (see :func:`events.log.cost_of`)."""

    events: int = limits.STRETCH_EVENTS_MAX
    cost: int = limits.STRETCH_COST_MAX

    def halved(self) -> Budget:
        """Half of it, at least one event: what is done after a failure, to find the event that fails."""
        return Budget(max(self.events // 2, 1), max(self.cost // 2, 1))

    def grown(self) -> Budget:
        """More of it, never more than a whole one: what is done after a success."""
        return Budget(min(self.events * 4, limits.STRETCH_EVENTS_MAX), min(self.cost * 4, limits.STRETCH_COST_MAX))

    @property
    def one(self) -> bool:
        """Whether it cannot be halved further."""
        return self.events == 1


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """The name of something a stage hands on, with its type."""

    name: str


@dataclass
class Stretch:
    """A piece ``after < seq <= upto`` of a brand's log on its way through the stages of one consumer."""

    brand: str
    after: int
    upto: int
    log_hash: bytes
    """The log's at ``upto``."""
    logged: Sequence[Logged[Any]]
    followed: Mapping[int, Outcome]
    """What the consumer before recorded of these events; what it has nothing special to say of is absent."""
    recorded_at: datetime
    _results: dict[Result[Any], Any] = field(default_factory=dict)

    def give(self, result: Result[T], value: T) -> None:
        """Hand a value on; each result is given once."""
        assert result not in self._results, f"{result.name} was given"
        self._results[result] = value

    def get(self, result: Result[T]) -> T:
        """What an earlier stage gave."""
        return cast(T, self._results[result])

    def once(self, result: Result[T], make: Callable[[Stretch], T]) -> T:
        """The value of a result that any stage may ask for first."""
        if result not in self._results:
            self._results[result] = make(self)
        return cast(T, self._results[result])


class Stage(ABC):
    """One step of a consumer."""

    takes: ClassVar[tuple[type[Any], ...]] = ()
    """The facts it is told of."""

    async def ready(self, conn: Connection, brand: str, stands: int) -> bool:  # noqa: ARG002 - for those with a store
        """Whether a store of this stage's own stands where the consumer stands; one that does not is brought nearer."""
        return True

    @abstractmethod
    async def run(self, conn: Connection, stretch: Stretch, told: Sequence[Logged[Any]]) -> Iterable[Outcome]:
        """Deal with the facts it takes, in the order of the log, in a transaction open for the brand.

        Answers outcomes worth keeping; ``applied`` is assumed where nothing is said.
        """


def consumer_lock(brand: str, consumer: str) -> str:
    """The name of the lock under which a consumer's effects for a brand are written."""
    return f"consumer {consumer} {brand}"


class Diverged(Exception):
    """A store stands where the log never was, or at another event of the same number, or in a shape of the past.

    It must be made anew.
    """


class Consumer(Protocol):
    """Something that follows the log of each brand."""

    @property
    def name(self) -> str:
        """Under which its watermark and its outcomes are kept."""
        ...

    @property
    def follows(self) -> str | None:
        """The consumer whose watermark it never passes; None: it follows the log itself."""
        ...

    async def step(self, brand: str, budget: Budget) -> int | None:
        """Deal with the next stretch; answers how many events it held, None while somebody else does it."""
        ...

    async def set_aside(self, brand: str, error: str) -> int:
        """Pass over the next event, kept as failed and replayable; answers its number."""
        ...

    async def recover(self, brand: str) -> None:
        """Make anew what diverged from the log."""
        ...
