"""The worker: every consumer over all brands, the transports of events, jobs; survives any outage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core import limits
from core.clock import monotonic_s
from core.errors import Refusal
from core.ids import new_id
from core.stores.away import end_if_cancelled, is_away
from core.stores.listening import notifications
from core.stores.postgres import Postgres
from core.telemetry import told
from events import aside, log
from events.consumer import Consumer
from events.room import Job, Unwatched
from worker.figures import Figures
from worker.following import Following
from worker.jobs import JobRunner

_logger = structlog.get_logger()

HEARTBEAT_KEY = "trefoil:worker"
_LOOKED_KEY = "trefoil:looked"
"""Names the server of Redis at which every brand was looked at."""
_HEARTBEAT_SECONDS = 2.0
_HEARTBEAT_KEEP_MS = 6_000  # three beats missed: the worker is gone


class Transport(Protocol):
    """A way in for events that somebody else keeps until they are taken."""

    @property
    def name(self) -> str:
        """What it is called in the log of the process."""
        ...

    async def run(self) -> None:
        """Take events for ever; raises when a store is away, with nothing acknowledged."""
        ...


class Worker:
    """Runs until cancelled."""

    def __init__(
        self,
        postgres: Postgres,
        redis: Redis,
        consumers: Sequence[Consumer],
        jobs: Sequence[Job],
        transports: Sequence[Transport],
        warm: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._postgres = postgres
        self._redis = redis
        self._name = new_id("worker")
        self._figures = Figures()
        self._by_itself = [job for job in jobs if job.every_seconds is not None]
        self._asked = JobRunner(postgres, jobs, self._figures)
        self._transports = transports
        self._warm = warm
        bound = asyncio.Semaphore(limits.STEPS_AT_ONCE_MAX)
        self._following = {consumer.name: Following(consumer, postgres, bound) for consumer in consumers}
        self._after: dict[str | None, list[Following]] = {}
        for consumer in consumers:
            self._after.setdefault(consumer.follows, []).append(self._following[consumer.name])

    async def run(self) -> None:
        """Follow the log for ever; what is slow at first is warmed before anybody hears that the worker is there."""
        for warm in self._warm:
            await warm()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear_log())
                tasks.create_task(self._hear_progress())
                tasks.create_task(self._look_at_all())
                tasks.create_task(self._guarded("heartbeat", self._beat))
                for transport in self._transports:
                    tasks.create_task(self._guarded(transport.name, transport.run))
                tasks.create_task(self._guarded("jobs", self._asked.run))
                for job in self._by_itself:
                    tasks.create_task(self._come_round(job))
        finally:
            for following in self._following.values():
                await following.stop()

    async def _hear_log(self) -> None:
        async for brand in notifications(self._postgres, "trefoil_log"):
            for following in self._after.get(None, ()):
                following.tell([brand])

    async def _hear_progress(self) -> None:
        async for payload in notifications(self._postgres, "trefoil_progress"):
            brand, consumer, _ = payload.rsplit(" ", 2)
            for following in self._after.get(consumer, ()):
                following.tell([brand])

    async def _look_at_all(self) -> None:
        """Those with something to do, now and then: a notification can be lost.

        Every brand at the start, whenever Redis may have lost something, and rarely: that a store stands elsewhere
        than the log is seen by looking at it.
        """
        looked_s: float | None = None
        while True:
            if looked_s is None or monotonic_s() - looked_s > limits.LOOK_AT_EVERYBODY_SECONDS:
                looked_s = monotonic_s()
                async for brands in self._pages():
                    for following in self._following.values():
                        following.tell(brands)
            else:
                await self._tell_those_behind()
            await asyncio.sleep(limits.LOOK_AT_ALL_SECONDS)
            if not await self._redis_is_as_it_was():
                looked_s = None

    async def _tell_those_behind(self) -> None:
        try:
            async with self._postgres.installation() as conn:
                behind = await aside.behind(conn, self._following)
        except Refusal:
            return  # the next look sees them
        for one in behind:
            self._following[one.consumer].tell([one.brand])

    async def _redis_is_as_it_was(self) -> bool:
        """Whether it is the server, and holds the mark, of the last look: one that was restarted or emptied is not."""
        try:
            run_id = (await self._redis.info("server"))["run_id"]
            return bool(await self._redis.set(_LOOKED_KEY, run_id, get=True) == run_id.encode())
        except RedisError:
            return True  # away: seen when it is back

    async def _pages(self) -> AsyncIterator[list[str]]:
        """Brands with events, some at a time, so that a look at all of them never crowds out one that was told."""
        while True:
            try:
                async with self._postgres.installation() as conn:
                    brands = [head.brand for head in await log.heads(conn) if head.seq > 0]
                break
            except Refusal:
                await asyncio.sleep(limits.POLL_SECONDS)
        for start in range(0, len(brands), limits.BRANDS_LOOKED_AT_MAX):
            yield brands[start : start + limits.BRANDS_LOOKED_AT_MAX]
            await asyncio.sleep(limits.BUSY_SECONDS)

    async def _come_round(self, job: Job) -> None:
        """Run a job for every brand, over and over; a brand's trouble is its own."""
        assert job.every_seconds is not None
        while True:
            began = monotonic_s()
            async for brands in self._pages():
                for brand in brands:
                    since = monotonic_s()
                    try:
                        await job.run(brand, {}, Unwatched())
                        self._figures.ran(job.name, "done", monotonic_s() - since)
                    except Exception as error:
                        end_if_cancelled()
                        self._figures.ran(job.name, "put_off", monotonic_s() - since)
                        level = _logger.warning if is_away(error) else _logger.error
                        level("job put off", job=job.name, brand=brand, **told(error))
            await asyncio.sleep(max(job.every_seconds - (monotonic_s() - began), limits.POLL_SECONDS))

    async def _beat(self) -> None:
        while True:
            await self._redis.set(HEARTBEAT_KEY, self._name, px=_HEARTBEAT_KEEP_MS)
            await self._figures.tell(self._redis)
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _guarded(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await run()
            except Exception as error:
                end_if_cancelled()
                level = _logger.warning if is_away(error) else _logger.error
                level("put off", task=name, **told(error))
            await asyncio.sleep(limits.POLL_SECONDS)
