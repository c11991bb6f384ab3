"""Jobs that somebody asked for: work on one brand, kept from the asking until a month after its end.

A job waits (``queued``), runs under the turn of its brand and kind, so that there is one at a time, and ends ``done``,
``failed`` or ``cancelled``. Whoever may start it declares it (:class:`events.room.Job`); the worker does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from core.canonical import canonical, without_nul
from core.ids import new_id
from core.stores.postgres import Connection, lock
from core.stores.queries import sql

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: Final[tuple[State, ...]] = ("queued", "running", "done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as it stands. ``taken_up`` says of one whose worker was lost how another went on with it: from the last
    ``step``, or ``anew``; ``tries`` counts how often that was.
    """

    job_id: str
    number: int
    kind: str
    params: dict[str, Any]
    state: State
    done: int
    total: int | None
    step: Any
    tries: int
    taken_up: Literal["anew", "step"] | None
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    problem: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A brand has jobs of this kind that are not finished; ``number`` is that of the first."""

    brand: str
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class _JobId:
    job_id: str


@dataclass(frozen=True, slots=True)
class _Number:
    number: int


@dataclass(frozen=True, slots=True)
class _CancelAsked:
    cancel_asked: bool


_OPEN = sql("jobs/open", OpenJob)
_IS_OPEN = sql("jobs/is_open", _Number)
_STANDING = sql("jobs/standing", _JobId)
_ASK = sql("jobs/ask")
_READ = sql("jobs/read", JobRecord)
_PAGE = sql("jobs/page", JobRecord)
_TAKE = sql("jobs/take", JobRecord)
_TELL = sql("jobs/tell", _CancelAsked)
_BEGIN_ANEW = sql("jobs/begin_anew")
_FINISH = sql("jobs/finish")
_CANCEL = sql("jobs/cancel")
_FORGET = sql("jobs/forget")


def turn_name(brand: str, kind: str) -> str:
    """The name of the turn that whoever does a job of a kind for a brand has."""
    return f"job {kind} {brand}"


async def ask(
    conn: Connection, brand: str, kind: str, params: Mapping[str, Any], at: datetime, *, joins: bool = False
) -> str:
    """Ask for a job; answers its id. The same that waits already is that job; with ``joins`` also one that runs."""
    text = canonical(params).decode()
    await lock(conn, f"ask {turn_name(brand, kind)}")  # two that ask at once ask for one job
    states = ["queued", "running"] if joins else ["queued"]
    standing = await _STANDING.one(conn, brand=brand, kind=kind, states=states, params=text)
    if standing is not None:
        return standing.job_id
    job_id = new_id("job")
    await _ASK.run(conn, brand=brand, job_id=job_id, kind=kind, params=text, at=at)
    return job_id


async def read(conn: Connection, brand: str, job_id: str) -> JobRecord | None:
    """One job; None where there is none of this id."""
    return await _READ.one(conn, brand=brand, job_id=job_id)


async def latest(
    conn: Connection, brand: str, kinds: Sequence[str], states: Sequence[str], before: int, count: int
) -> list[JobRecord]:
    """Jobs of some kinds in some states with lower numbers than ``before``, the latest first."""
    return await _PAGE.run(conn, brand=brand, kinds=list(kinds), states=list(states), before=before, count=count)


async def waiting(conn: Connection) -> list[OpenJob]:
    """What waits or runs, over all brands, the longest first; for the worker."""
    return await _OPEN.run(conn)


async def is_open(conn: Connection, brand: str, kind: str) -> bool:
    """Whether a job of a kind waits or runs."""
    return await _IS_OPEN.one(conn, brand=brand, kind=kind) is not None


async def take(conn: Connection, brand: str, kind: str, at: datetime) -> JobRecord | None:
    """Take up the next job of a kind, first of all one whose worker was lost; only with the turn of brand and kind."""
    return await _TAKE.one(conn, brand=brand, kind=kind, at=at)


async def tell(conn: Connection, brand: str, job_id: str, done: int, total: int | None, step: Any) -> bool:
    """Tell how far a job has come; answers whether it may go on. A ``step`` that is None leaves the last one."""
    text = canonical(step).decode() if step is not None else None
    row = await _TELL.one(conn, brand=brand, job_id=job_id, done=done, total=total, step=text)
    return row is not None and not row.cancel_asked


async def begin_anew(conn: Connection, brand: str, job_id: str) -> None:
    """Say of a job that was taken up again that it is begun anew, whatever its last step left."""
    await _BEGIN_ANEW.run(conn, brand=brand, job_id=job_id)


async def finish(
    conn: Connection,
    brand: str,
    job_id: str,
    state: State,
    at: datetime,
    *,
    result: Mapping[str, Any] | None = None,
    problem: Mapping[str, Any] | None = None,
) -> None:
    """End a running job with its result or its problem."""
    await _FINISH.run(
        conn,
        brand=brand,
        job_id=job_id,
        state=state,
        result=_text(result),
        problem=_text(problem),
        at=at,
    )


def _text(value: Mapping[str, Any] | None) -> str | None:
    """A stranger may have written anything into a graph, and what is found there is told."""
    return without_nul(canonical(value)).decode() if value is not None else None


async def cancel(conn: Connection, brand: str, job_id: str, at: datetime) -> None:
    """Ask for the end of a job: at its next step, or at once where it still waits."""
    await _CANCEL.run(conn, brand=brand, job_id=job_id, at=at)


async def forget(conn: Connection, brand: str, before: datetime) -> None:
    """Forget jobs that were finished before an instant."""
    await _FORGET.run(conn, brand=brand, before=before)
