"""What the brands room declares: nothing of the log, but first answers and old jobs are forgotten in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from brands.answers import forget_answers
from core import limits
from core.clock import wall_now
from core.stores.postgres import Postgres
from events import jobs
from events.room import Job, Progress, Room

_EXPIRE_EVERY_SECONDS = 3600.0


def brands_room(postgres: Postgres) -> Room:
    """The room over open parts."""

    async def expire(brand: str, _: Mapping[str, Any], __: Progress) -> dict[str, int]:
        """Forget first answers older than IDEMPOTENCY_KEEP_HOURS, and jobs that ended JOBS_KEEP_DAYS ago."""
        now = wall_now()
        async with postgres.brand(brand) as conn:
            await forget_answers(conn, brand, now - timedelta(hours=limits.IDEMPOTENCY_KEEP_HOURS))
            await jobs.forget(conn, brand, now - timedelta(days=limits.JOBS_KEEP_DAYS))
        return {}

    return Room(name="brands", jobs=(Job("expire", expire, by=None, every_seconds=_EXPIRE_EVERY_SECONDS),))
