"""One consumer over all brands: a task per brand, under a bound they share, that nothing can stall.

A store that is away is met by waiting, and the step is done again from its watermark; one that is away for long is said
to be, as trouble. What fails otherwise is halved until one event is left; that one is tried a few times more and then
set aside, and the brand goes on. A store that stands where the log never was is made anew. None of it touches another
brand.

The death of a worker is a failure too. A worker that was just started says what it is about to try, until it has come
to the end of the log: what the one after it finds said and not ended is tried event by event, and one that is the end
of POISON_TRIES_MAX workers is set aside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from core import limits
from core.clock import monotonic_s, wall_now
from core.errors import Refusal
from core.stores.away import end_if_cancelled, is_away
from core.stores.postgres import Postgres
from core.telemetry import told
from events import aside, log
from events.aside import Try
from events.consumer import Budget, Consumer, Diverged

_logger = structlog.get_logger()


@dataclass
class _Brand:
    """How a consumer gets on with one brand."""

    told: bool = False
    budget: Budget = field(default_factory=Budget)
    tries: int = 0
    away_since: float | None = None
    """Of a monotonic clock: when the store it waits for went away, or since it was last said."""
    in_a_row: int = 0
    """Events set aside since the last that was dealt with: what broke once breaks the next one for the same reason."""
    troubled: bool = True  # perhaps: a process before this one may have said so
    careful: bool = True
    """The end of the log was not reached since this process was started."""
    recalled: bool = False
    """What the process before left of its last try was looked at."""
    kept: bool = False
    """Something of the last try is kept."""
    alone: int = 0
    """So many of the next events are tried one by one, for a worker died of one of them."""
    task: asyncio.Task[None] | None = None


class Following:
    """Brings every brand up to the log, for one consumer; ``tell`` wakes it."""

    def __init__(self, consumer: Consumer, postgres: Postgres, bound: asyncio.Semaphore) -> None:
        """``bound`` is shared by all consumers of a process: steps under way together."""
        self._consumer = consumer
        self._postgres = postgres
        self._bound = bound
        self._brands: dict[str, _Brand] = {}

    def tell(self, brands: Iterable[str]) -> None:
        """There may be something to do for these brands."""
        for name in brands:
            state = self._brands.setdefault(name, _Brand())
            state.told = True
            if state.task is None:
                state.task = asyncio.create_task(self._bring_up(name, state), name=f"{self._consumer.name} {name}")

    async def stop(self) -> None:
        """End what is under way; its transactions come to nothing."""
        tasks = [state.task for state in self._brands.values() if state.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring_up(self, brand: str, state: _Brand) -> None:
        try:
            while state.told:
                state.told = False
                while await self._step(brand, state):
                    pass
        finally:
            state.task = None

    async def _step(self, brand: str, state: _Brand) -> bool:
        """One step; whether there may be more to do."""
        try:
            if state.careful and await self._is_deadly(brand, state):
                await self._set_aside(brand, state, f"{limits.POISON_TRIES_MAX} workers died of it")
                return True
            async with self._bound:
                done = await self._consumer.step(brand, state.budget)
        except asyncio.CancelledError:
            await self._keep_tries(brand, state)
            raise
        except Diverged as error:
            await self._recover(brand, state, str(error))
            return True
        except Exception as error:
            end_if_cancelled()
            await self._failed(brand, state, error)
            return True
        if done is None:  # somebody else is at it
            await asyncio.sleep(limits.BUSY_SECONDS)
            return True
        state.away_since = None
        if done:
            state.tries, state.in_a_row, state.alone = 0, 0, max(state.alone - done, 0)
            state.budget = state.budget if state.alone else state.budget.grown()
            if state.kept and not state.careful:
                await self._forget_try(brand, state)
        if state.troubled:
            await self._well(brand, state)
        return done > 0

    async def _failed(self, brand: str, state: _Brand, error: Exception) -> None:
        words = told(error)
        what = f"{words['error']} at {words['where']}"[: limits.TEXT_CHARS_MAX]
        was_one = state.budget.one
        state.budget = state.budget.halved()  # perhaps the stretch is what the store cannot bear
        if is_away(error):
            _logger.warning("step put off", consumer=self._consumer.name, brand=brand, **words)
            await self._waits(brand, state, what, words)
            await self._keep_tries(brand, state)
            await asyncio.sleep(limits.POLL_SECONDS)
            return
        state.away_since = None
        _logger.error("step failed", consumer=self._consumer.name, brand=brand, events=state.budget.events, **words)
        await self._trouble(brand, state, "failing", what)
        state.tries += was_one
        state.kept = state.kept or was_one
        await self._keep_tries(brand, state)
        if not was_one:
            return
        if state.tries < (limits.POISON_TRIES_AGAIN if state.in_a_row else limits.POISON_TRIES_MAX):
            await asyncio.sleep(limits.POLL_SECONDS * state.tries)
            return
        await self._set_aside(brand, state, what)

    async def _set_aside(self, brand: str, state: _Brand, what: str) -> None:
        try:
            seq = await self._consumer.set_aside(brand, what)
        except Exception as failure:
            _logger.error("could not set aside", consumer=self._consumer.name, brand=brand, **told(failure))
            await asyncio.sleep(limits.RETRY_SECONDS_MAX)
            return
        _logger.error("event set aside", consumer=self._consumer.name, brand=brand, seq=seq, error=what)
        state.tries, state.in_a_row = 0, state.in_a_row + 1

    async def _waits(self, brand: str, state: _Brand, what: str, words: Mapping[str, str]) -> None:
        now = monotonic_s()
        if state.away_since is None:
            state.away_since = now
        elif now - state.away_since >= limits.AWAY_SECONDS_MAX:
            state.away_since = now
            _logger.error("waits for a store", consumer=self._consumer.name, brand=brand, **words)
            await self._trouble(brand, state, "waiting", what)

    async def _is_deadly(self, brand: str, state: _Brand) -> bool:
        """Say what is tried next; whether too many workers died of it, so that it is not."""
        name = self._consumer.name
        async with self._postgres.brand(brand) as conn:
            seq = await log.watermark(conn, brand, name) + 1
            if not state.recalled:
                last = await aside.last_try(conn, brand, name)
                state.kept = last is not None
                if last is not None and last.seq == seq:
                    state.tries = last.tries + (last.under_way and last.events == 1)
                    state.alone = last.events if last.under_way else 1
                    state.budget = Budget(1, 1)
                    if state.tries >= limits.POISON_TRIES_MAX:
                        return True
                state.recalled = True
            state.careful = seq <= await log.head_seq(conn, brand)
            if state.careful:
                await aside.keep_try(conn, brand, name, Try(seq, state.budget.events, state.tries, under_way=True))
                state.kept = True
            elif state.kept:
                await aside.forget_try(conn, brand, name)
                state.kept = False
        return False

    async def _keep_tries(self, brand: str, state: _Brand) -> None:
        """Nobody died of the last try; how often the next event failed outlives this process."""
        if not state.kept:
            return
        try:
            async with self._postgres.brand(brand) as conn:
                seq = await log.watermark(conn, brand, self._consumer.name) + 1
                tried = Try(seq, state.budget.events, state.tries, under_way=False)
                await aside.keep_try(conn, brand, self._consumer.name, tried)
        except Refusal:
            _logger.warning("tries not kept", consumer=self._consumer.name, brand=brand)

    async def _forget_try(self, brand: str, state: _Brand) -> None:
        try:
            async with self._postgres.brand(brand) as conn:
                await aside.forget_try(conn, brand, self._consumer.name)
        except Refusal:
            return
        state.kept = False

    async def _recover(self, brand: str, state: _Brand, why: str) -> None:
        _logger.error("diverged from the log", consumer=self._consumer.name, brand=brand, why=why)
        await self._trouble(brand, state, "diverged", why)
        try:
            await self._consumer.recover(brand)
        except Exception as error:
            _logger.error("not recovered", consumer=self._consumer.name, brand=brand, **told(error))
            await asyncio.sleep(limits.RETRY_SECONDS_MAX)

    async def _trouble(self, brand: str, state: _Brand, what: str, detail: str) -> None:
        state.troubled = True
        try:
            async with self._postgres.brand(brand) as conn:
                await aside.trouble(conn, brand, self._consumer.name, what, detail, wall_now())
        except Refusal:
            _logger.warning("trouble not told", consumer=self._consumer.name, brand=brand)

    async def _well(self, brand: str, state: _Brand) -> None:
        try:
            async with self._postgres.brand(brand) as conn:
                await aside.trouble_over(conn, brand, self._consumer.name)
        except Refusal:
            return
        state.troubled = False
