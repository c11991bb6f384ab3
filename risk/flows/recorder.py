"""Decisions of checks made durable together: each waits for one commit that many share.

What was answered is what is kept. A decision whose commit is late is answered by another one, that of a check without
Postgres; if it turns out that the late one was kept, or may be kept, the answer is kept in its stead, under its id.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from core import limits
from core.batching import Batcher
from core.clock import monotonic_s
from core.stores.away import is_away, may_be_done
from core.stores.postgres import Postgres
from core.telemetry import told
from risk.store import decisions as store
from risk.store.decisions import Decision

_logger = structlog.get_logger()


@dataclass(slots=True)
class _Asked:
    """A decision on its way; ``answered`` is what its caller was told because it took too long."""

    brand: str
    decision: Decision
    sent: bool = False
    answered: Decision | None = None


class Recorder:
    """Commits decisions of checks, many at a time."""

    def __init__(self, postgres: Postgres, statements: Postgres) -> None:
        """``statements`` are connections in autocommit."""
        self._postgres = postgres
        self._statements = statements
        self._rests_until = 0.0
        self._batcher: Batcher[_Asked, Decision] = Batcher(self._commit, limits.DECISIONS_PER_COMMIT_MAX)
        self._unsure: dict[tuple[str, str | None], Decision] = {}

    async def save(self, brand: str, decision: Decision, otherwise: Decision) -> Decision:
        """Make a decision durable and answer what stands: the first one of its check.

        Answers ``otherwise`` when Postgres is away or too slow. While nobody knows whether a decision was kept, its
        check has the same answer again, and no other is sent after it.
        """
        told_so = self._unsure.get((brand, decision.check_id))
        if told_so is not None:
            return told_so
        if self._unsure or monotonic_s() < self._rests_until:
            return otherwise
        asked = _Asked(brand, decision)
        answer = self._batcher.ask(asked)
        await asyncio.wait({answer}, timeout=limits.CHECK_STORE_SECONDS_MAX)
        if not answer.done():
            answer.cancel()
            if asked.sent:
                asked.answered = otherwise = self._unsure.setdefault((brand, decision.check_id), otherwise)
        elif (error := answer.exception()) is None:
            return answer.result()
        elif not is_away(error):
            _logger.error("decision not kept", **told(error))
        self._rests_until = monotonic_s() + limits.POOL_REST_SECONDS
        return otherwise

    async def _commit(self, batch: Sequence[_Asked]) -> list[Decision]:
        for asked in batch:
            asked.sent = True
        try:
            while True:
                try:
                    return await self._store(batch)
                except Exception as error:
                    if not may_be_done(error):
                        raise
                    _logger.warning("decisions may be kept or not; asked again", **told(error))
                    await asyncio.sleep(limits.POOL_REST_SECONDS)
        finally:
            for asked in batch:
                self._unsure.pop((asked.brand, asked.decision.check_id), None)

    async def _store(self, batch: Sequence[_Asked]) -> list[Decision]:
        """Keep decisions, or what was answered in their stead by now; safe to repeat."""
        stands = await self._keep([(asked.brand, asked.answered or asked.decision) for asked in batch])
        while late := [
            (asked.brand, replace(asked.answered, after_seq=kept.after_seq, place=1))
            for asked in batch
            for kept in [stands[asked.brand, asked.decision.check_id]]
            if asked.answered is not None and kept.decision_id == asked.decision.decision_id
        ]:
            stands |= await self._keep(late)
        return [stands[asked.brand, asked.decision.check_id] for asked in batch]

    async def _keep(self, rows: Sequence[tuple[str, Decision]]) -> dict[tuple[str, str | None], Decision]:
        """What stands for each check, once these decisions are kept."""
        by_brand: dict[str, list[Decision]] = defaultdict(list)
        for brand, decision in rows:
            by_brand[brand].append(decision)
        stands: dict[tuple[str, str | None], Decision] = {}
        for brand, decisions in by_brand.items():
            async with self._statements.installation() as conn:
                saved = await store.save(conn, brand, decisions)
            stands |= {(brand, d.check_id): d for d in decisions if d.decision_id in saved}
            known = [d.check_id for d in decisions if d.decision_id not in saved and d.check_id is not None]
            if known:
                async with self._postgres.brand(brand) as conn:
                    stands |= {(brand, d.check_id): d for d in await store.by_check(conn, brand, known)}
        return stands
