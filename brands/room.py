"""What the brands room declares: nothing of the log, but first answers are forgotten in time."""

from __future__ import annotations

from datetime import timedelta

from brands.answers import forget_answers
from core import limits
from core.clock import wall_now
from core.stores.postgres import Postgres
from events.room import Job, Room

_EXPIRE_EVERY_SECONDS = 3600.0


def brands_room(postgres: Postgres) -> Room:
    """The room over open parts."""

    async def expire(brand: str) -> int:
        """Forget first answers older than IDEMPOTENCY_KEEP_HOURS."""
        async with postgres.brand(brand) as conn:
            await forget_answers(conn, brand, wall_now() - timedelta(hours=limits.IDEMPOTENCY_KEEP_HOURS))
        return 0

    return Room(name="brands", jobs=(Job("expire", expire, every_seconds=_EXPIRE_EVERY_SECONDS, on_demand=False),))
