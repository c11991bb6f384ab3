"""Book a batch of facts: load what they name, decide in the order of the log, save in one go."""

from collections.abc import Sequence
from datetime import datetime

from core.stores.postgres import Connection
from ledger.domain.books import Books, wallets_needed
from ledger.domain.facts import Fact, OrderPaid, OrderRefunded, Outcome, WithdrawalRejected, WithdrawalRequested
from ledger.store import journals, orders, plans, withdrawals


async def book(conn: Connection, brand: str, facts: Sequence[Fact], at: datetime) -> list[Outcome]:
    """Book facts, in order of seq, in a transaction that is open for the brand with the lock of its books held.

    ``at`` is when they are recorded. Returns an outcome for each fact, and for each parked fact of an earlier batch
    that found its order. The number of statements does not depend on the number of facts.
    """
    paid_ids, order_ids, refund_ids, withdrawal_ids = set(), set(), set(), set()
    for fact in facts:
        if isinstance(fact, WithdrawalRequested | WithdrawalRejected):
            withdrawal_ids.add(fact.withdrawal_id)
            continue
        order_ids.add(fact.order_id)
        if isinstance(fact, OrderPaid):
            paid_ids.add(fact.order_id)
        elif isinstance(fact, OrderRefunded):
            refund_ids.add(fact.refund_id)

    books = Books(
        plans=await plans.published(conn) if paid_ids else (),
        orders=await orders.load_orders(conn, order_ids),
        parked=await orders.load_parked(conn, paid_ids),
        refunds=await orders.load_refunds(conn, refund_ids),
        withdrawals=await withdrawals.load_withdrawals(conn, withdrawal_ids),
    )
    needed = wallets_needed(facts, books.orders.values(), books.withdrawals.values())
    books.wallets = await journals.load_wallets(conn, needed)

    outcomes = [outcome for fact in facts for outcome in books.apply(fact)]

    await journals.post(conn, books.journals, at)
    await orders.save_orders(conn, [books.orders[order_id] for order_id in books.changed])
    await orders.insert_refunds(conn, books.refunds_new)
    await orders.insert_parked(conn, books.parked_new.values())
    await orders.delete_parked(conn, books.parked_done)
    await orders.add_sales(conn, books.sales)
    await withdrawals.save_withdrawals(conn, [books.withdrawals[one] for one in books.withdrawals_changed])
    return outcomes
