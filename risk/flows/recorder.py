"""Decisions of checks made durable together: each waits for one commit that many of its brand share.

What was answered is what is kept. A decision whose commit is late is answered by another one, that of a check without
Postgres; if it turns out that the late one was kept, or may be kept, the answer is kept in its stead, under its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
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
    """A decision on its way; ``sent`` once it may be kept."""

    decision: Decision
    sent: bool = False


class Recorder:
    """Commits decisions of checks, many at a time; what fails for one brand changes no answer of another."""

    def __init__(self, postgres: Postgres, statements: Postgres) -> None:
        """``statements`` are connections in autocommit."""
        self._postgres = postgres
        self._statements = statements
        self._brands: dict[str, BrandRecorder] = {}

    async def save(self, brand: str, decision: Decision, otherwise: Callable[[Decision], Decision]) -> Decision:
        """Make a decision durable and answer what stands: the first one of its check.

        Answers what ``otherwise`` makes of it when Postgres is away or too slow. While nobody knows whether a decision
        was kept, its check has the same answer again, and no other of its brand is sent after it.
        """
        if brand not in self._brands:
            self._brands[brand] = BrandRecorder(brand, self._postgres, self._statements)
        return await self._brands[brand].save(decision, otherwise)


class BrandRecorder:
    """The same for one brand."""

    def __init__(self, brand: str, postgres: Postgres, statements: Postgres) -> None:
        self._brand = brand
        self._postgres = postgres
        self._statements = statements
        self._rests_until = 0.0
        self._batcher: Batcher[_Asked, Decision | None] = Batcher(self._commit, limits.DECISIONS_PER_COMMIT_MAX)
        self._unsure: dict[str | None, Decision] = {}  # check -> what was answered while nobody knew

    async def save(self, decision: Decision, otherwise: Callable[[Decision], Decision]) -> Decision:
        """As :meth:`Recorder.save`."""
        if (told_so := self._unsure.get(decision.check_id)) is not None:
            return told_so
        if self._unsure or monotonic_s() < self._rests_until:
            return otherwise(decision)
        asked, until = _Asked(decision), monotonic_s() + limits.CHECK_STORE_SECONDS_MAX
        answer = self._batcher.ask(asked)
        await asyncio.wait({answer}, timeout=limits.CHECK_STORE_SECONDS_MAX)
        error = answer.exception() if answer.done() else None
        if answer.done() and error is None:
            return answer.result() or await self._decided_before(decision, until) or otherwise(decision)
        self._rests_until = monotonic_s() + limits.POOL_REST_SECONDS
        if error is None:  # too slow
            answer.cancel()
            if asked.sent:
                return self._unsure.setdefault(decision.check_id, otherwise(decision))
        elif not is_away(error):
            _logger.error("decision not kept", brand=self._brand, **told(error))
        return otherwise(decision)

    async def _decided_before(self, decision: Decision, until: float) -> Decision | None:
        """What stands for a check that was decided earlier; None when that is not to be had in time."""
        reading = asyncio.create_task(self._read(decision))
        await asyncio.wait({reading}, timeout=until - monotonic_s())
        if not reading.done():
            reading.cancel()
            return None
        return reading.result()

    async def _read(self, decision: Decision) -> Decision | None:
        try:
            return (await self._standing([decision])).get(decision.check_id)
        except Exception as error:  # whatever it is, nothing new was kept, and the check is answered
            if not is_away(error):
                _logger.error("decision not read", brand=self._brand, **told(error))
            return None

    async def _commit(self, batch: Sequence[_Asked]) -> list[Decision | None]:
        """What stands for each check; None where it was decided earlier."""
        for asked in batch:
            asked.sent = True
        try:
            mine = {asked.decision.decision_id for asked in batch}
            stands = await self._keep([asked.decision for asked in batch], perhaps=False)
            while late := [
                replace(self._unsure[check_id], place=1)
                for check_id, kept in stands.items()
                if check_id in self._unsure and kept.decision_id in mine
            ]:
                stands |= await self._keep(late, perhaps=True)
            return [stands.get(asked.decision.check_id) for asked in batch]
        finally:
            for asked in batch:
                self._unsure.pop(asked.decision.check_id, None)

    async def _keep(self, decisions: Sequence[Decision], *, perhaps: bool) -> dict[str | None, Decision]:
        """What stands for each check that is decided by these; raises only when none of them can have been kept.

        ``perhaps``: some may be kept already. Once that is so, it is asked until the store says what is.
        """
        while True:
            try:
                async with self._statements.installation() as conn:
                    saved = await store.save(conn, self._brand, decisions)
                stands = {decision.check_id: decision for decision in decisions if decision.decision_id in saved}
                if perhaps and len(saved) < len(decisions):
                    stands |= await self._standing([d for d in decisions if d.check_id not in stands])
                return stands
            except Exception as error:
                perhaps = perhaps or may_be_done(error)
                if not perhaps:
                    raise
                _logger.warning("decisions may be kept or not; asked again", brand=self._brand, **told(error))
                await asyncio.sleep(limits.POOL_REST_SECONDS)

    async def _standing(self, decisions: Sequence[Decision]) -> dict[str | None, Decision]:
        check_ids = [decision.check_id for decision in decisions if decision.check_id is not None]
        async with self._postgres.brand(self._brand) as conn:
            return {found.check_id: found for found in await store.by_check(conn, self._brand, check_ids)}
