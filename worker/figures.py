"""What workers count, told over Redis: a worker serves nobody, so the API shows its figures.

Kept as sums over all workers, and over their restarts, in one hash; lost with Redis, as a counter that begins anew.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from redis.asyncio import Redis

FIGURES_KEY: Final = "trefoil:worker:figures"

RUNS: Final = "runs"
SECONDS: Final = "seconds"


class Figures:
    """Counts of one worker since it last told them."""

    def __init__(self) -> None:
        self._more: dict[str, float] = defaultdict(float)

    def ran(self, job: str, outcome: str, seconds: float) -> None:
        """A job was run for a brand: ``done``, ``put_off`` to its next turn, ``failed`` or ``cancelled``."""
        self._more[f"{RUNS} {job} {outcome}"] += 1
        self._more[f"{SECONDS} {job}"] += seconds

    async def tell(self, redis: Redis) -> None:
        """Add what was counted; what could not be told is told the next time."""
        told, self._more = self._more, defaultdict(float)
        try:
            async with redis.pipeline(transaction=True) as adding:
                for name, more in told.items():
                    adding.hincrbyfloat(FIGURES_KEY, name, more)
                await adding.execute()
        except BaseException:
            for name, more in told.items():
                self._more[name] += more
            raise


async def told_figures(redis: Redis) -> dict[tuple[str, ...], float]:
    """The sums, by their words: ``("runs", job, outcome)`` and ``("seconds", job)``."""
    found: Any = await redis.hgetall(FIGURES_KEY)
    return {tuple(name.decode().split(" ")): float(value) for name, value in found.items()}
