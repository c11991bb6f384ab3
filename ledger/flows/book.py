"""Book a batch of facts: load what they name, decide in the order of the log, save in one go.

A batch is cut into chunks by what it loads and writes, lines of orders above all: a fact of a few bytes may be about an
order of a thousand lines, or release a hundred parked refunds of as many lines each.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from core import limits
from core.stores.postgres import Connection
from events.outcome import Outcome
from ledger.domain.books import Books, wallets_needed
from ledger.domain.facts import Fact, OrderPaid, OrderRefunded, WithdrawalRejected, WithdrawalRequested
from ledger.store import journals, orders, plans, withdrawals

_LINES_MAX = limits.STRETCH_COST_MAX // limits.LEVELS_MAX
"""Lines of orders in memory at once: each may pay three persons."""


async def book(conn: Connection, facts: Sequence[Fact], at: datetime) -> list[Outcome]:
    """Book facts, in order of seq, in a transaction that is open for the brand with the lock of its books held.

    ``at`` is when they are recorded. Returns an outcome for each fact, and for each parked fact of an earlier batch
    that found its order. The number of statements depends on the lines that facts are about, not on how many they are.
    """
    about = {fact.order_id for fact in facts if not isinstance(fact, WithdrawalRequested | WithdrawalRejected)}
    sizes = await orders.sizes(conn, about)
    outcomes: list[Outcome] = []
    for chunk in _chunks(facts, sizes):
        crowded = [f.order_id for f in chunk[-1:] if isinstance(f, OrderPaid) and _waiting(f, sizes) > _LINES_MAX]
        outcomes += await _book_chunk(conn, chunk, set(crowded), at)
        for order_id in crowded:
            outcomes += await _release(conn, order_id, at)
    return outcomes


def _waiting(fact: OrderPaid, sizes: Mapping[str, tuple[int, int]]) -> int:
    return sizes.get(fact.order_id, (0, 0))[1]


def _chunks(facts: Sequence[Fact], sizes: Mapping[str, tuple[int, int]]) -> Iterator[list[Fact]]:
    """Facts in pieces of at most _LINES_MAX lines; an order for which more than that waits ends its piece."""
    chunk: list[Fact] = []
    known: set[str] = set()
    lines = 0
    for fact in facts:
        weight, crowded = 1, False
        if not isinstance(fact, WithdrawalRequested | WithdrawalRejected):
            loaded, waiting = sizes.get(fact.order_id, (0, 0))
            crowded = isinstance(fact, OrderPaid) and waiting > _LINES_MAX
            if fact.order_id not in known:
                weight += loaded + (waiting if isinstance(fact, OrderPaid) and not crowded else 0)
            if isinstance(fact, OrderPaid | OrderRefunded):
                weight += len(fact.lines)
            known.add(fact.order_id)
        if chunk and lines + weight > _LINES_MAX:
            yield chunk
            chunk, known, lines = [], set(), 0
        chunk.append(fact)
        lines += weight
        if crowded:
            yield chunk
            chunk, known, lines = [], set(), 0
    if chunk:
        yield chunk


async def _book_chunk(conn: Connection, facts: Sequence[Fact], crowded: set[str], at: datetime) -> list[Outcome]:
    """Book facts at once; what waits for ``crowded`` orders is left waiting."""
    paid_ids, order_ids, refunds, withdrawal_ids = set(), set(), set(), set()
    for fact in facts:
        if isinstance(fact, WithdrawalRequested | WithdrawalRejected):
            withdrawal_ids.add(fact.withdrawal_id)
            continue
        order_ids.add(fact.order_id)
        if isinstance(fact, OrderPaid):
            paid_ids.add(fact.order_id)
        elif isinstance(fact, OrderRefunded):
            refunds.add((fact.order_id, fact.refund_id))

    books = Books(
        plans=await plans.published(conn) if paid_ids else (),
        orders=await orders.load_orders(conn, order_ids),
        parked=await orders.load_parked(conn, paid_ids - crowded),
        refunds=await orders.load_refunds(conn, refunds),
        withdrawals=await withdrawals.load_withdrawals(conn, withdrawal_ids),
        crowded=crowded,
    )
    needed = wallets_needed(facts, books.orders.values(), books.withdrawals.values())
    books.wallets = await journals.load_wallets(conn, needed)
    outcomes = [outcome for fact in facts for outcome in books.apply(fact)]
    await _save(conn, books, at)
    return outcomes


async def _release(conn: Connection, order_id: str, at: datetime) -> list[Outcome]:
    """Apply all that waits for an order, piece by piece."""
    outcomes: list[Outcome] = []
    while waiting := await orders.parked_page(conn, order_id, _LINES_MAX):
        books = Books(plans=(), orders=await orders.load_orders(conn, [order_id]))
        if not books.orders:  # a conflict or a failure left the order unpaid: what waits goes on waiting
            break
        books.wallets = await journals.load_wallets(conn, wallets_needed((), books.orders.values(), ()))
        outcomes += [books.release(fact) for fact in waiting]
        await _save(conn, books, at)
    return outcomes


async def _save(conn: Connection, books: Books, at: datetime) -> None:
    await journals.post(conn, books.journals, at)
    await orders.save_orders(conn, [books.orders[order_id] for order_id in books.changed])
    await orders.insert_refunds(conn, books.refunds_new)
    await orders.insert_parked(conn, books.parked_new.values())
    await orders.delete_parked(conn, books.parked_done)
    await orders.add_sales(conn, books.sales)
    await orders.insert_sold(conn, books.sold)
    await withdrawals.save_withdrawals(conn, [books.withdrawals[one] for one in books.withdrawals_changed])
