"""What the brands room declares: nothing of the log, but first answers are forgotten in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import limits
from core.clock import wall_now
from core.stores.postgres import Connection, Postgres
from core.stores.queries import sql
from events.room import Job, Room

_EXPIRE_ANSWERS = sql("brands/idempotent_expire")
_EXPIRE_EVERY_SECONDS = 3600.0


async def forget_answers(conn: Connection, brand: str, before: datetime) -> None:
    """Forget first answers of keyed requests that were given before an instant."""
    await _EXPIRE_ANSWERS.run(conn, brand=brand, before=before)


def brands_room(postgres: Postgres) -> Room:
    """The room over open parts."""

    async def expire(brand: str) -> int:
        """Forget first answers older than IDEMPOTENCY_KEEP_HOURS."""
        async with postgres.brand(brand) as conn:
            await forget_answers(conn, brand, wall_now() - timedelta(hours=limits.IDEMPOTENCY_KEEP_HOURS))
        return 0

    return Room(name="brands", jobs=(Job("expire", expire, every_seconds=_EXPIRE_EVERY_SECONDS, on_demand=False),))
