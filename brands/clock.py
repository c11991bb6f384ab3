"""The installation's clock: the machine's time, or a simulated one that all brands share and that never goes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core import limits
from core.clock import monotonic_s, wall_now
from core.errors import Refusal
from core.stores.postgres import Postgres
from core.stores.queries import sql


@dataclass(frozen=True, slots=True)
class _Time:
    simulated_now: datetime | None


_READ = sql("brands/clock_read", _Time)
_START = sql("brands/clock_start")
_MOVE = sql("brands/clock_move", _Time)


class InstallationClock:
    """What time it is for every brand of this installation."""

    def __init__(self, postgres: Postgres, mode: Literal["real", "simulated"]) -> None:
        self._postgres = postgres
        self.simulated = mode == "simulated"
        self._started = False
        self._kept: datetime | None = None
        self._kept_until = 0.0

    async def reading(self) -> datetime | None:
        """The time, UTC; None for a simulated clock that no event has started yet."""
        if not self.simulated:
            return wall_now()
        if self._kept_until <= monotonic_s():
            try:
                async with self._postgres.installation() as conn:
                    row = await _READ.one(conn)
            except Refusal:  # an old reading is better than none: a simulated clock moves only with Postgres there
                return self._kept
            self._keep(row.simulated_now if row else None)
        return self._kept

    def _keep(self, at: datetime | None) -> None:
        self._kept, self._kept_until = at, monotonic_s() + limits.CLOCK_KEEP_SECONDS

    async def now(self) -> datetime:
        """The time, UTC; the machine's while a simulated clock has not started."""
        return await self.reading() or wall_now()

    async def start(self, at: datetime) -> None:
        """Start a simulated clock at the first event's time; later calls and real clocks ignore it."""
        if self.simulated and not self._started:
            async with self._postgres.installation() as conn:
                await _START.run(conn, at=at)
            self._started = True
            self._kept_until = 0.0

    async def move(self, to: datetime) -> datetime:
        """Move the simulated clock forward; the same time again is fine.

        Raises Refusal 409 ``clock_is_real`` or ``clock_backwards``.
        """
        if not self.simulated:
            raise Refusal(409, "clock_is_real", "only an installation started with --clock simulated can be moved")
        async with self._postgres.installation() as conn:
            row = await _MOVE.one(conn, to=to)
        if row is None or row.simulated_now is None:
            raise Refusal(409, "clock_backwards", "the simulated clock never goes back; send a later time")
        self._started = True
        self._keep(row.simulated_now)
        return row.simulated_now
