"""Settle orders whose after-sales window has ended."""

from __future__ import annotations

from datetime import datetime

from brands.clock import InstallationClock
from core import limits
from core.stores.postgres import Connection, Postgres, lock
from events.consumer import consumer_lock
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


async def settle_due(postgres: Postgres, clock: InstallationClock, brand: str) -> int:
    """Settle every order of a brand that is due by the installation's clock; answers how many."""
    total, now = 0, await clock.now()
    while True:
        async with postgres.brand(brand) as conn:
            await lock(conn, consumer_lock(brand, LEDGER))
            settled = await settle(conn, now)
        total += settled
        if not settled:
            return total
