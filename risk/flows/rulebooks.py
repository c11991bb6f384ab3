"""The live rulebook of each brand, compiled once and looked up again now and then."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from core import limits
from core.clock import monotonic_s
from core.errors import Refusal
from core.stores.postgres import Connection, Postgres
from risk.domain.rulebook import DEFAULT_RULES, Rule, Rulebook
from risk.store import decisions as store


class Rulebooks:
    """Answers from memory while the store is away: an old rulebook is better than none."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._kept: dict[str, tuple[float, Rulebook]] = {}

    async def live(self, brand: str) -> Rulebook:
        """The published rulebook; raises Refusal 503 when it was never read and Postgres is away."""
        kept = self._kept.get(brand)
        if kept is not None and kept[0] > monotonic_s():
            return kept[1]
        try:
            async with self._postgres.brand(brand) as conn:
                row = await store.live_rulebook(conn, brand)
        except Refusal:
            if kept is None:
                raise
            self._kept[brand] = (monotonic_s() + limits.POOL_REST_SECONDS, kept[1])
            return kept[1]
        rulebook = kept[1] if kept and kept[1].version == row.version else compiled(row)
        self._kept[brand] = (monotonic_s() + limits.KEY_CACHE_SECONDS, rulebook)
        return rulebook


def compiled(row: store.RulebookRow) -> Rulebook:
    """A stored rulebook, ready to judge."""
    return Rulebook(row.version, [Rule(**rule) for rule in row.rules])


async def seed(conn: Connection, brand: str, at: datetime) -> None:
    """Give a new brand the default rulebook."""
    await store.seed_rulebook(conn, brand, [asdict(rule) for rule in DEFAULT_RULES], at)
