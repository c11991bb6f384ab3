"""Decisions of checks made durable together: each waits for one commit that many share."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from core import limits
from core.postgres import Postgres
from risk.store import decisions as store
from risk.store.decisions import Decision, NewDecision


@dataclass(frozen=True, slots=True)
class _Waiting:
    brand: str
    decision: NewDecision
    done: asyncio.Future[Decision]


class Recorder:
    """While one commit is under way, the decisions that come in gather for the next."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def save(self, brand: str, decision: NewDecision) -> Decision:
        """Make a decision durable and answer what stands: the first one of its check.

        Raises Refusal 503 when Postgres is away, TimeoutError when it is too slow.
        """
        done: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(brand, decision, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await asyncio.wait_for(done, limits.CHECK_STORE_SECONDS_MAX)

    async def _drain(self) -> None:
        while self._waiting:
            batch = self._waiting[: limits.DECISIONS_PER_COMMIT_MAX]
            del self._waiting[: limits.DECISIONS_PER_COMMIT_MAX]
            by_brand: dict[str, list[_Waiting]] = defaultdict(list)
            for waiting in batch:
                by_brand[waiting.brand].append(waiting)
            for brand, group in by_brand.items():
                await self._commit(brand, group)

    async def _commit(self, brand: str, group: list[_Waiting]) -> None:
        try:
            async with self._postgres.brand(brand) as conn:
                await store.save(conn, brand, [waiting.decision for waiting in group])
                stands = await store.by_check(
                    conn, brand, [w.decision.check_id for w in group if w.decision.check_id is not None]
                )
        except Exception as error:
            for waiting in group:
                if not waiting.done.done():
                    waiting.done.set_exception(error)
            return
        for waiting in group:
            if not waiting.done.done():
                waiting.done.set_result(stands[waiting.decision.check_id or ""])
