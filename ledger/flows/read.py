"""What can be read of the books: orders, balances, statements, the trial balance."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.stores.postgres import Connection
from ledger.domain.accounts import Account
from ledger.domain.journal import WITHDRAWAL_KINDS, Kind, StatementLine
from ledger.domain.order import Commission, Order
from ledger.domain.withdrawal import Withdrawal
from ledger.store import journals, orders, withdrawals
from ledger.store.orders import SalesRow

__all__ = [
    "WITHDRAWAL_KINDS",
    "AccountBalance",
    "Balances",
    "Commission",
    "Kind",
    "LedgerFigures",
    "Order",
    "OrderView",
    "StatementLine",
    "TrialBalance",
    "Withdrawal",
    "balances",
    "entries",
    "figures_hash",
    "ledger_figures",
    "order",
    "order_figure",
    "sales",
    "trial_balance",
    "withdrawal",
    "withdrawals_page",
]
"""What it answers is told in these words, those of the domain among them."""

_HASH_SPACE = 1 << 256


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with the numbers of its journals."""

    order: Order
    journals: list[int]


@dataclass(frozen=True, slots=True)
class Balances:
    """A member's money in fen, each part zero or more.

    ``pending`` waits for settlement, ``held`` for a verdict, ``available`` may be withdrawn; ``in_withdrawal`` is asked
    for and not yet paid; ``paid`` and ``tax_withheld`` went out; ``arrears`` are owed by the member.
    """

    pending_fen: int
    available_fen: int
    held_fen: int
    in_withdrawal_fen: int
    paid_fen: int
    arrears_fen: int
    tax_withheld_fen: int


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """One account of the trial balance: its balance stands on one side, the other is 0."""

    account: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every account with entries; ``total_fen`` is debits less credits and must be 0."""

    accounts: list[AccountBalance]
    total_fen: int


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """Orders the ledger knows, and an order-free hash of :func:`order_figure` over them."""

    orders: int
    hash: str


async def order(conn: Connection, order_id: str) -> OrderView | None:
    """An order as the books keep it; None where it was never paid."""
    found = (await orders.load_orders(conn, [order_id])).get(order_id)
    if found is None:
        return None
    return OrderView(found, await orders.journals_of(conn, order_id))


async def balances(conn: Connection, member_id: str, as_of: datetime) -> Balances:
    """A member's balances of what was effective at an instant; zeros for a stranger."""
    debit = await journals.balances(conn, member_id, as_of)

    def owed(account: Account) -> int:
        return -debit.get(account, 0)

    return Balances(
        pending_fen=owed(Account.PENDING),
        available_fen=owed(Account.AVAILABLE),
        held_fen=owed(Account.HELD),
        in_withdrawal_fen=owed(Account.IN_WITHDRAWAL) + owed(Account.CLEARING),
        paid_fen=owed(Account.CHANNEL_CASH),
        arrears_fen=debit.get(Account.ARREARS, 0),
        tax_withheld_fen=owed(Account.TAX_WITHHELD),
    )


async def entries(
    conn: Connection, member_id: str, as_of: datetime, before: tuple[int, int] | None, count_max: int
) -> list[StatementLine]:
    """A member's statement of what was effective at an instant; its entries sum to the balances of that instant.

    The latest booked come first, from before ``(journal number, place)`` on.
    """
    return await journals.entries(conn, member_id, as_of, before, count_max)


async def trial_balance(conn: Connection, as_of: datetime | None) -> TrialBalance:
    """The balance of each account, payees summed, of what was effective at an instant or of all that is booked."""
    rows = await journals.trial_balance(conn, as_of)
    return TrialBalance(
        [AccountBalance(row.account, max(row.balance_fen, 0), max(-row.balance_fen, 0)) for row in rows],
        sum(row.balance_fen for row in rows),
    )


async def withdrawal(conn: Connection, withdrawal_id: str) -> Withdrawal | None:
    """One withdrawal; None where there is none of this id."""
    return (await withdrawals.load_withdrawals(conn, [withdrawal_id])).get(withdrawal_id)


async def withdrawals_page(
    conn: Connection, member_id: str | None, status: str | None, before_seq: int | None, count_max: int
) -> list[Withdrawal]:
    """Withdrawals, newest first, of everybody or one member, in any status or one, from before a seq on."""
    return await withdrawals.page(conn, member_id, status, before_seq, count_max)


async def sales(conn: Connection, member_ids: Collection[str], as_of: datetime) -> dict[str, SalesRow]:
    """Sales and commission of members as of an instant, zeros for those without any."""
    found = {row.member_id: row for row in await orders.load_sales(conn, member_ids, as_of)}
    return {member_id: found.get(member_id, SalesRow(member_id, 0, 0)) for member_id in member_ids}


def order_figure(order_id: str, buyer_id: str, member_ids: Collection[str]) -> int:
    """One order as a number to sum up: its buyer and the persons of its chain, level 1 first."""
    text = "\x1f".join((order_id, buyer_id, *member_ids))
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def figures_hash(total: int) -> str:
    """A sum of :func:`order_figure` as 64 hex digits."""
    return f"{total % _HASH_SPACE:064x}"


async def ledger_figures(conn: Connection, upto: int) -> LedgerFigures:
    """How many orders up to a number the ledger knows, and a hash over them: those of log and graph must equal it."""
    count, total = 0, 0
    async for row in orders.FIGURES.stream(conn, upto=upto):
        count += 1
        total += order_figure(row.order_id, row.buyer_id, row.member_ids)
    return LedgerFigures(count, figures_hash(total))
