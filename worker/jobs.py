"""Does the jobs that were asked for: fairly between brands, one at a time of a kind and brand, across any restart.

A job runs under a turn of Postgres that dies with the worker. A job that is said to run and whose turn is free was left
behind: it is taken up again, by whichever worker sees it first.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from core import limits
from core.clock import monotonic_s, wall_now
from core.errors import Refusal, unavailable
from core.stores.away import away_store, end_if_cancelled, is_away
from core.stores.listening import notifications
from core.stores.postgres import Connection, Postgres, try_lock
from core.stores.turns import Turn, free_turn
from core.telemetry import told
from events import jobs
from events.jobs import JobRecord, OpenJob
from events.room import Job, JobCancelled
from worker.figures import Figures

_logger = structlog.get_logger()


class JobRunner:
    """Runs until cancelled; what is under way then is taken up by the next worker."""

    def __init__(self, postgres: Postgres, declared: Sequence[Job], figures: Figures) -> None:
        self._postgres = postgres
        self._figures = figures
        self._declared = {job.name: job for job in declared if job.by is not None}
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Do jobs for ever; raises Refusal 503 while Postgres is away."""
        hearing = asyncio.create_task(self._hear())
        try:
            while True:
                self._news.clear()
                await self._begin_what_waits()
                with suppress(TimeoutError):
                    async with asyncio.timeout(limits.LOOK_AT_ALL_SECONDS):  # a notification can be lost
                        await self._news.wait()
        finally:
            hearing.cancel()
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(hearing, *self._running.values(), return_exceptions=True)

    async def _hear(self) -> None:
        async for _ in notifications(self._postgres, "trefoil_job"):
            self._news.set()

    async def _begin_what_waits(self) -> None:
        async with self._postgres.installation() as conn:
            begun = await self._next(conn, await jobs.waiting(conn))
        for one in begun:  # only now: until here their turns were tried
            task = asyncio.create_task(self._work(one), name=f"job {one.kind} {one.brand}")
            self._running[one.brand, one.kind] = task

    async def _next(self, conn: Connection, waiting: Sequence[OpenJob]) -> list[OpenJob]:
        """Those to begin now: of brands with the fewest under way first, and of these what was asked for first."""
        under_way = Counter(brand for brand, _ in self._running)
        left = [one for one in waiting if one.kind in self._declared and (one.brand, one.kind) not in self._running]
        chosen: list[OpenJob] = []
        while left and len(self._running) + len(chosen) < limits.JOBS_AT_ONCE_MAX:
            first = min(left, key=lambda one: (under_way[one.brand], one.number))
            if under_way[first.brand] >= limits.JOBS_PER_BRAND_MAX:
                break
            left.remove(first)
            # a turn that another worker has is no reason for a connection
            if await try_lock(conn, jobs.turn_name(first.brand, first.kind)):
                chosen.append(first)
                under_way[first.brand] += 1
        return chosen

    async def _work(self, one: OpenJob) -> None:
        try:
            async with free_turn(self._postgres, jobs.turn_name(one.brand, one.kind)) as held:
                if held is not None:
                    await self._take(one.brand, self._declared[one.kind], held)
        except Exception as error:  # Postgres is away, or went away under it: whoever has the turn next goes on
            end_if_cancelled()
            level = _logger.warning if is_away(error) else _logger.error
            level("job left to be taken up again", job=one.kind, brand=one.brand, **told(error))
            await asyncio.sleep(limits.POLL_SECONDS)
        finally:
            del self._running[one.brand, one.kind]
            self._news.set()

    async def _take(self, brand: str, job: Job, held: Turn) -> None:
        async with self._postgres.brand(brand) as conn:
            record = await jobs.take(conn, brand, job.name, wall_now())
        if record is None:
            return
        if record.tries > limits.POISON_TRIES_MAX:
            lost = Refusal(500, "job_lost", f"its worker was lost {limits.POISON_TRIES_MAX} times; start it anew")
            await self._finish(brand, record, "failed", began=monotonic_s(), problem=lost)
            return
        work = asyncio.create_task(self._do(brand, job, record))
        watch = asyncio.create_task(_lost(held))
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise unavailable("postgres")  # somebody else may have the turn by now
            await work
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def _do(self, brand: str, job: Job, record: JobRecord) -> None:
        began = monotonic_s()
        telling = _Telling(self._postgres, brand, record)
        until = monotonic_s() + limits.JOB_AWAY_SECONDS_MAX
        while True:
            try:
                result = await job.run(brand, record.params, telling)
            except JobCancelled:
                await self._finish(brand, record, "cancelled", began=began)
            except Exception as error:
                end_if_cancelled()
                if is_away(error) and monotonic_s() < until:
                    await asyncio.sleep(limits.POLL_SECONDS)
                    continue
                await self._finish(brand, record, "failed", began=began, problem=_problem(brand, job, error))
            else:
                await self._finish(brand, record, "done", began=began, result=result)
            return

    async def _finish(
        self,
        brand: str,
        record: JobRecord,
        state: jobs.State,
        *,
        began: float,
        result: Mapping[str, Any] | None = None,
        problem: Refusal | None = None,
    ) -> None:
        self._figures.ran(record.kind, state, monotonic_s() - began)
        said = problem.as_problem() if problem is not None else None
        async with self._postgres.brand(brand) as conn:
            await jobs.finish(conn, brand, record.job_id, state, wall_now(), result=result, problem=said)


async def _lost(held: Turn) -> None:
    """Return once the turn is lost."""
    with suppress(Refusal):
        while True:
            await asyncio.sleep(limits.DEAD_PEER_PROBE_SECONDS)
            await held.still_held()


def _problem(brand: str, job: Job, error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    store = away_store(error)
    if store is not None:
        return unavailable(store)
    _logger.error("job failed", job=job.name, brand=brand, **told(error))
    return Refusal(500, "internal", "a defect of ours; it was logged")


class _Telling:
    """The progress of a job that somebody asked for."""

    def __init__(self, postgres: Postgres, brand: str, record: JobRecord) -> None:
        self._postgres = postgres
        self._brand = brand
        self._job_id = record.job_id
        self._step = record.step
        self._told_at_s = monotonic_s() - limits.JOB_TELL_SECONDS

    @property
    def step(self) -> Any:
        return self._step

    async def at(self, done: int, total: int | None = None, *, step: Any = None) -> None:
        now_s = monotonic_s()
        if step is None and now_s - self._told_at_s < limits.JOB_TELL_SECONDS:
            return
        async with self._postgres.brand(self._brand) as conn:
            goes_on = await jobs.tell(conn, self._brand, self._job_id, done, total, step)
        self._told_at_s = now_s
        self._step = self._step if step is None else step
        if not goes_on:
            raise JobCancelled

    async def begin_anew(self) -> None:
        async with self._postgres.brand(self._brand) as conn:
            await jobs.begin_anew(conn, self._brand, self._job_id)
        self._step = None
