"""Waiting until a consumer of the log, or a job, has come far enough: told by notification, else seen by looking."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from core import limits
from core.clock import monotonic_s
from core.errors import Refusal
from core.stores.listening import notifications
from core.stores.postgres import Postgres
from events import log
from events.shop import LEDGER

_logger = structlog.get_logger()


class Progress:
    """Two listening connections per process wake everybody who waits."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._reached: dict[tuple[str, str], int] = defaultdict(int)
        self._changed = asyncio.Condition()
        self._watched: dict[tuple[str, str], set[asyncio.Event]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen, in the background, for as long as the process lives."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._hear_jobs())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def booked(self, brand: str) -> int:
        """How far a brand's ledger is known to be; never further than it is."""
        return self._reached[brand, LEDGER]

    async def _look_at_all(self) -> None:
        try:
            async with self._postgres.installation() as conn:
                brands = [head.brand for head in await log.heads(conn)]
        except Refusal:
            return  # whoever waits looks again
        for brand in brands:
            await self._look(brand, LEDGER)

    async def _listen(self) -> None:
        await self._look_at_all()
        async for payload in notifications(self._postgres, "trefoil_progress"):
            brand, consumer, seq = payload.rsplit(" ", 2)
            async with self._changed:
                self._reached[brand, consumer] = int(seq)
                self._changed.notify_all()

    async def _hear_jobs(self) -> None:
        async for payload in notifications(self._postgres, "trefoil_job"):
            brand, job_id = payload.split(" ")
            for changed in self._watched.get((brand, job_id), ()):
                changed.set()

    @asynccontextmanager
    async def watching(self, brand: str, job_id: str) -> AsyncIterator[asyncio.Event]:
        """What is set whenever a job changes, as far as it is heard; whoever clears it looks first."""
        changed = asyncio.Event()
        watchers = self._watched.setdefault((brand, job_id), set())
        watchers.add(changed)
        try:
            yield changed
        finally:
            watchers.discard(changed)
            if not watchers:
                self._watched.pop((brand, job_id), None)

    async def reached(self, brand: str, consumer: str, seq: int, seconds_max: float) -> bool:
        """Wait until a consumer's watermark is at least ``seq``; False when that takes longer than allowed."""
        until = monotonic_s() + seconds_max
        if self._reached[brand, consumer] < seq:  # perhaps nobody has told since this process started
            await self._look(brand, consumer)
        while self._reached[brand, consumer] < seq:
            left = until - monotonic_s()
            if left <= 0:
                return False
            try:
                async with asyncio.timeout(min(left, limits.POLL_SECONDS)), self._changed:
                    await self._changed.wait_for(lambda: self._reached[brand, consumer] >= seq)
            except TimeoutError:
                await self._look(brand, consumer)
        return True

    async def _look(self, brand: str, consumer: str) -> None:
        try:
            async with self._postgres.brand(brand) as conn:
                self._reached[brand, consumer] = await log.watermark(conn, brand, consumer)
        except Refusal:
            _logger.warning("postgres away while waiting", brand=brand, consumer=consumer)
