"""Settle orders whose after-sales window has ended."""

from datetime import datetime

from core import limits
from core.stores.postgres import Connection
from ledger.domain.books import Books
from ledger.store import journals, orders


async def settle(conn: Connection, brand: str, now: datetime) -> int:
    """Settle up to SETTLE_ORDERS_MAX orders that are due at ``now``, the longest due first; says how many.

    Runs in a transaction open for the brand with the lock of its books held; call it in a new one until it says 0.
    """
    due = await orders.load_due(conn, now, limits.SETTLE_ORDERS_MAX)
    if not due:
        return 0
    payees = {part.member_id for order in due for part in order.commissions}
    books = Books(plans=(), wallets=await journals.load_wallets(conn, payees))
    for order in due:
        books.settle(order)
    await journals.post(conn, books.journals, now)
    await orders.mark_settled(conn, books.changed)
    return len(due)
