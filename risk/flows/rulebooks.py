"""The live rulebook of each brand, compiled once and looked up again now and then."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime

from core import limits
from core.clock import monotonic_s
from core.errors import unavailable
from core.stores.postgres import Connection, Postgres
from risk.domain.rulebook import DEFAULT_RULES, Rule, Rulebook
from risk.store import decisions as store


class Rulebooks:
    """Answers from memory while the store is away or silent: an old rulebook is better than none."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._kept: dict[str, tuple[float, Rulebook]] = {}
        self._reading: dict[str, asyncio.Task[Rulebook]] = {}

    async def live(self, brand: str) -> Rulebook:
        """The published rulebook; raises Refusal 503 when it was never read and Postgres is away."""
        kept = self._kept.get(brand)
        if kept is not None and kept[0] > monotonic_s():
            return kept[1]
        reading = self._reading.get(brand)
        if reading is None or reading.done():
            reading = self._reading[brand] = asyncio.create_task(self._read(brand, kept[1] if kept else None))
            reading.add_done_callback(lambda done: done.exception())  # it may fail when nobody waits any more
        # a read of a server that is silent can be abandoned, but not ended
        await asyncio.wait({reading}, timeout=limits.CHECK_STORE_SECONDS_MAX)
        if reading.done() and reading.exception() is None:
            return reading.result()
        if kept is None:
            error = reading.exception() if reading.done() else None
            raise error or unavailable("postgres")
        self._kept[brand] = (monotonic_s() + limits.POOL_REST_SECONDS, kept[1])
        return kept[1]

    async def _read(self, brand: str, kept: Rulebook | None) -> Rulebook:
        async with self._postgres.brand(brand) as conn:
            row = await store.live_rulebook(conn, brand)
        rulebook = kept if kept is not None and kept.version == row.version else compiled(row)
        self._kept[brand] = (monotonic_s() + limits.KEY_CACHE_SECONDS, rulebook)
        return rulebook


def compiled(row: store.RulebookRow) -> Rulebook:
    """A stored rulebook, ready to judge."""
    return Rulebook(row.version, [Rule(**rule) for rule in row.rules])


async def seed(conn: Connection, brand: str, at: datetime) -> None:
    """Give a new brand the default rulebook."""
    await store.seed_rulebook(conn, brand, [asdict(rule) for rule in DEFAULT_RULES], at)
