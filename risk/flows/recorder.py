"""Decisions of checks made durable together: each waits for one commit that many share."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from core import limits
from core.batching import Batcher
from core.clock import monotonic_s
from core.errors import Refusal, unavailable
from core.stores.postgres import Postgres
from risk.store import decisions as store
from risk.store.decisions import Decision


class Recorder:
    """Commits decisions of checks, many at a time."""

    def __init__(self, postgres: Postgres, statements: Postgres) -> None:
        """``statements`` are connections in autocommit."""
        self._postgres = postgres
        self._statements = statements
        self._rests_until = 0.0
        self._batcher: Batcher[tuple[str, Decision], Decision] = Batcher(self._commit, limits.DECISIONS_PER_COMMIT_MAX)

    async def save(self, brand: str, decision: Decision) -> Decision:
        """Make a decision durable and answer what stands: the first one of its check.

        Raises Refusal 503 when Postgres is away, TimeoutError when it is too slow.
        """
        if monotonic_s() < self._rests_until:
            raise unavailable("postgres")
        try:
            return await asyncio.wait_for(self._batcher.ask((brand, decision)), limits.CHECK_STORE_SECONDS_MAX)
        except (Refusal, TimeoutError):
            self._rests_until = monotonic_s() + limits.POOL_REST_SECONDS
            raise

    async def _commit(self, batch: Sequence[tuple[str, Decision]]) -> list[Decision]:
        by_brand: dict[str, list[Decision]] = defaultdict(list)
        for brand, decision in batch:
            by_brand[brand].append(decision)
        stands: dict[tuple[str, str | None], Decision] = {}
        for brand, decisions in by_brand.items():
            async with self._statements.installation() as conn:
                saved = await store.save(conn, brand, decisions)
            known = [d.check_id for d in decisions if d.decision_id not in saved and d.check_id is not None]
            stands |= {(brand, d.check_id): d for d in decisions if d.decision_id in saved}
            if known:
                async with self._postgres.brand(brand) as conn:
                    stands |= {(brand, d.check_id): d for d in await store.by_check(conn, brand, known)}
        return [stands[brand, decision.check_id] for brand, decision in batch]
