"""Settle orders whose after-sales window has ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from brands.clock import InstallationClock
from core import limits
from core.stores.postgres import Connection, Postgres, lock
from events import log
from events.consumer import consumer_lock
from events.room import Progress
from events.shop import LEDGER
from ledger.domain.books import Books
from ledger.store import journals, orders


async def settle(conn: Connection, now: datetime) -> int:
    """Settle up to SETTLE_ORDERS_MAX orders that are due at ``now``, the longest due first; says how many.

    Runs in a transaction open for the brand with the lock of its books held; call it in a new one until it says 0.
    """
    due = await orders.load_due(conn, now, limits.SETTLE_ORDERS_MAX, limits.STRETCH_COST_MAX)
    if not due:
        return 0
    payees = {part.member_id for order in due for part in order.commissions}
    books = Books(plans=(), wallets=await journals.load_wallets(conn, payees))
    for order in due:
        books.settle(order)
    await journals.post(conn, books.journals, now)
    await orders.mark_settled(conn, books.changed)
    return len(due)


async def settle_due(
    postgres: Postgres, clock: InstallationClock, brand: str, _: Mapping[str, Any], progress: Progress
) -> dict[str, int]:
    """Settle every order of a brand that is due by the installation's clock; answers how many.

    What was told in time is booked first, a refund above all: nothing that falls due after the oldest event which the
    books have not seen yet was accepted settles before they have.
    """
    total, now = 0, await clock.now()
    while True:
        async with postgres.brand(brand) as conn:
            await lock(conn, consumer_lock(brand, LEDGER))
            waiting = await log.accepted_after(conn, brand, await log.watermark(conn, brand, LEDGER))
            if waiting is not None and clock.simulated:  # events are accepted at no time of this clock
                return {"count": total, "settled": total}
            settled = await settle(conn, now if waiting is None else min(now, waiting))
        total += settled
        if not settled:
            return {"count": total, "settled": total}
        await progress.at(total)
