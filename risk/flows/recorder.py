"""Decisions of checks made durable together: each waits for one commit that many share."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from core import limits
from core.batching import Batcher
from core.postgres import Postgres
from risk.store import decisions as store
from risk.store.decisions import Decision, NewDecision


class Recorder:
    """Commits decisions of checks, many at a time."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._batcher: Batcher[tuple[str, NewDecision], Decision] = Batcher(
            self._commit, limits.DECISIONS_PER_COMMIT_MAX
        )

    async def save(self, brand: str, decision: NewDecision) -> Decision:
        """Make a decision durable and answer what stands: the first one of its check.

        Raises Refusal 503 when Postgres is away, TimeoutError when it is too slow.
        """
        return await asyncio.wait_for(self._batcher.ask((brand, decision)), limits.CHECK_STORE_SECONDS_MAX)

    async def _commit(self, batch: Sequence[tuple[str, NewDecision]]) -> list[Decision]:
        by_brand: dict[str, list[NewDecision]] = defaultdict(list)
        for brand, decision in batch:
            by_brand[brand].append(decision)
        stands: dict[tuple[str, str | None], Decision] = {}
        for brand, decisions in by_brand.items():
            async with self._postgres.brand(brand) as conn:
                for found in await store.save_checks(conn, brand, decisions):
                    stands[brand, found.check_id] = found
        return [stands[brand, decision.check_id] for brand, decision in batch]
