"""Dropping a brand's wire, and telling it anew what the books know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.stores.postgres import Postgres, lock
from events import log
from events.consumer import Stage, consumer_lock
from events.room import Progress
from events.shop import LEDGER
from risk.store.wire import Wire


async def rebuild_wire(
    postgres: Postgres, wire: Wire, following: Stage, brand: str, _: Mapping[str, Any], progress: Progress
) -> dict[str, int]:
    """Drop a brand's wire and refill it from the log as far as the books stand; answers the number of stretches.

    The lock of the books is held for one stretch at a time, so that a check or an order never waits for the whole.
    """
    stretches = 0
    if progress.step is None:
        async with postgres.brand(brand) as conn:
            await lock(conn, consumer_lock(brand, LEDGER))
            await wire.forget(brand)
        await progress.at(0, step={"dropped": True})
    while True:
        async with postgres.brand(brand) as conn:
            await lock(conn, consumer_lock(brand, LEDGER))
            if await following.ready(conn, brand, await log.watermark(conn, brand, LEDGER)):
                return {"count": stretches}
        stretches += 1
        await progress.at(stretches)
