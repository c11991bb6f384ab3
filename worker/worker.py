"""The worker: a loop per consumer over all brands, stream intake, settlement; survives the outage of any store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from neo4j.exceptions import Neo4jError
from redis.asyncio import Redis

from brands.clock import InstallationClock
from core import limits
from core.clock import monotonic_s, wall_now
from core.errors import Refusal
from core.ids import new_id
from core.stores.neo4j import GraphAway
from core.stores.postgres import Postgres
from core.stores.queries import sql
from events import log
from graph.flows.project import Fenced
from intake.transport import Transport
from risk.store.wire import WireAway
from worker.progress import notifications
from worker.projectors import BooksProjector, GraphProjector

_logger = structlog.get_logger()

_SETTLE_EVERY_SECONDS = 15.0
"""With the real clock, orders that fall due settle within this time without being asked."""

_EXPIRE_EVERY_SECONDS = 3600.0

_EXPIRE_ANSWERS = sql("brands/idempotent_expire")

HEARTBEAT_KEY = "trefoil:worker"
_HEARTBEAT_SECONDS = 2.0
_HEARTBEAT_KEEP_MS = 6_000  # three beats missed: the worker is gone

Step = Callable[[str], Awaitable[int | None]]


class Worker:
    """Runs until cancelled."""

    def __init__(
        self,
        postgres: Postgres,
        redis: Redis,
        clock: InstallationClock,
        graph: GraphProjector,
        books: BooksProjector,
        transports: Sequence[Transport],
    ) -> None:
        self._postgres = postgres
        self._redis = redis
        self._name = new_id("worker")
        self._clock = clock
        self._graph = graph
        self._books = books
        self._transports = transports
        self._grown = {"graph": asyncio.Event(), "books": asyncio.Event()}
        self._told: dict[str, dict[str, None]] = {"graph": {}, "books": {}}

    async def run(self) -> None:
        """Follow the log for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen("trefoil_log", "graph"))
            tasks.create_task(self._listen("trefoil_progress", "books"))
            tasks.create_task(self._follow("graph", self._graph.step))
            tasks.create_task(self._follow("books", self._books.step))
            for transport in self._transports:
                tasks.create_task(self._guarded(transport.name, transport.run))
            tasks.create_task(self._guarded("heartbeat", self._beat))
            tasks.create_task(self._expire())
            if not self._clock.simulated:
                tasks.create_task(self._settle())

    async def _listen(self, channel: str, consumer: str) -> None:
        async for payload in notifications(self._postgres, channel):
            self._told[consumer][payload.split(" ", 1)[0]] = None
            self._grown[consumer].set()

    async def _follow(self, consumer: str, step: Step) -> None:
        """One consumer over all brands: those it was told of in turn, and between them every one now and then.

        The first makes the wait of a command short however many brands there are, the second finds what a lost
        notification left undone.
        """
        told, grown = self._told[consumer], self._grown[consumer]
        others: list[str] = []
        look_at_all = 0.0
        while True:
            grown.clear()
            if not others and monotonic_s() >= look_at_all:
                others = await self._brands()
                look_at_all = monotonic_s() + limits.LOOK_AT_ALL_SECONDS
            turn = [*list(told)[:1], *others[-1:]]
            del others[-1:]
            for brand in turn:
                told.pop(brand, None)
                if await self._try(consumer, brand, step):
                    told[brand] = None
            if not turn:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(limits.POLL_SECONDS):
                        await grown.wait()

    async def _brands(self) -> list[str]:
        while True:
            try:
                async with self._postgres.installation() as conn:
                    return [head.brand for head in await log.heads(conn) if head.seq > 0]
            except Refusal:
                await asyncio.sleep(limits.POLL_SECONDS)

    async def _try(self, consumer: str, brand: str, step: Step) -> bool:
        """One step; whether there may be more to do.

        A store that is away is met by waiting, and the step is done again from its watermark.
        """
        try:
            done = await step(brand)
            if done is None:
                await asyncio.sleep(limits.BUSY_SECONDS)
            return done != 0
        except (*GraphAway, *WireAway, Neo4jError, Refusal, Fenced) as error:
            _logger.warning("step put off", consumer=consumer, brand=brand, error=repr(error)[:300])
        except Exception:
            # a defect: it must be seen, and the other brands must go on
            _logger.exception("step failed", consumer=consumer, brand=brand)
        await asyncio.sleep(limits.POLL_SECONDS)
        return True

    async def _beat(self) -> None:
        while True:
            await self._redis.set(HEARTBEAT_KEY, self._name, px=_HEARTBEAT_KEEP_MS)
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _settle(self) -> None:
        while True:
            for brand in await self._brands():
                await self._try("settle", brand, self._books.settle)
            await asyncio.sleep(_SETTLE_EVERY_SECONDS)

    async def _expire(self) -> None:
        while True:
            before = wall_now() - timedelta(hours=limits.IDEMPOTENCY_KEEP_HOURS)
            for brand in await self._brands():
                await self._try("expire", brand, partial(forget_answers, self._postgres, before))
            await asyncio.sleep(_EXPIRE_EVERY_SECONDS)

    async def _guarded(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await run()
            except (*WireAway, Refusal) as error:
                _logger.warning("put off", task=name, error=repr(error)[:300])
            except Exception:
                _logger.exception("failed", task=name)
            await asyncio.sleep(limits.POLL_SECONDS)


async def forget_answers(postgres: Postgres, before: datetime, brand: str) -> int:
    """Forget first answers of keyed requests that were given before an instant; nothing is left to do after it."""
    async with postgres.brand(brand) as conn:
        await _EXPIRE_ANSWERS.run(conn, brand=brand, before=before)
    return 0
