"""Journals, entries and balances as rows; writing goes through the posting function alone."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from core import limits
from core.stores.postgres import Connection
from core.stores.queries import sql
from ledger.domain.journal import Journal, StatementLine
from ledger.domain.wallet import Wallet


@dataclass(frozen=True, slots=True)
class _Repeated:
    repeated: int


@dataclass(frozen=True, slots=True)
class _WalletRow:
    member_id: str
    available_fen: int
    arrears_fen: int
    arrears_at: datetime | None


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """The balance of one account; debit positive."""

    account: str
    balance_fen: int


@dataclass(frozen=True, slots=True)
class HeadRow:
    """The last journal of a brand."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One entry with its journal, as stored; the entry's columns are None for a journal that has lost its entries."""

    number: int
    kind: str
    subject: str
    cause: str
    recorded_at: datetime
    hash: bytes
    account: str | None
    member_id: str | None
    amount_fen: int | None
    effective_at: datetime | None


@dataclass(frozen=True, slots=True)
class BalanceOffRow:
    """A payee's account whose balance is not the sum of its entries."""

    member_id: str
    account: str
    balance_fen: int
    entries_fen: int


_POST = sql("ledger/post", _Repeated)
_WALLETS = sql("ledger/wallets_load", _WalletRow)
_BALANCES_NOW = sql("ledger/balances_now", BalanceRow)
_BALANCES_AS_OF = sql("ledger/balances_as_of", BalanceRow)
_ENTRIES = sql("ledger/entries_page", StatementLine)
_TRIAL_BALANCE = sql("ledger/trial_balance", BalanceRow)
_HEAD = sql("ledger/head", HeadRow)
_CHAIN = sql("ledger/chain", ChainRow)
_BALANCES_OFF = sql("ledger/balances_off", BalanceOffRow)


async def post(conn: Connection, journals: Sequence[Journal], recorded_at: datetime) -> list[Journal]:
    """Post journals in this order; returns those left out because they had been posted before.

    Raises psycopg.errors.RaiseException on a journal that is empty, out of balance or names an unknown account, and
    CheckViolation where a balance would break its floor; nothing of the call is kept then.
    """
    if not journals:
        return []
    entries = [(at, entry) for at, journal in enumerate(journals, 1) for entry in journal.entries]
    rows = await _POST.run(
        conn,
        recorded_at=recorded_at,
        kind=[str(journal.kind) for journal in journals],
        subject=[journal.subject for journal in journals],
        cause=[journal.cause for journal in journals],
        effective_at=[journal.effective_at for journal in journals],
        position=[at for at, _ in entries],
        account=[str(entry.account) for _, entry in entries],
        member=[entry.member_id for _, entry in entries],
        amount_fen=[entry.amount_fen for _, entry in entries],
    )
    return [journals[row.repeated - 1] for row in rows]


async def load_wallets(conn: Connection, member_ids: Collection[str]) -> dict[str, Wallet]:
    """Wallets of members; one that would be empty may be left out."""
    if not member_ids:
        return {}
    rows = await _WALLETS.run(conn, member_ids=list(member_ids))
    return {row.member_id: Wallet(row.member_id, row.available_fen, row.arrears_fen, row.arrears_at) for row in rows}


async def balances(conn: Connection, member_id: str, as_of: datetime | None) -> dict[str, int]:
    """A member's balance per account, debit positive."""
    if as_of is None:
        rows = await _BALANCES_NOW.run(conn, member_id=member_id)
    else:
        rows = await _BALANCES_AS_OF.run(conn, member_id=member_id, as_of=as_of)
    return {row.account: row.balance_fen for row in rows}


async def entries(
    conn: Connection, member_id: str, before: tuple[int, int] | None, count_max: int
) -> list[StatementLine]:
    """A member's entries, the latest first, from before ``(number, place)`` on."""
    number, place = before or (limits.NUMBER_MAX, 0)
    return await _ENTRIES.run(conn, member_id=member_id, before_number=number, before_place=place, count_max=count_max)


async def trial_balance(conn: Connection, as_of: datetime | None) -> list[BalanceRow]:
    """The balance of each account, payees summed."""
    return await _TRIAL_BALANCE.run(conn, as_of=as_of)


async def head(conn: Connection) -> HeadRow | None:
    """The last journal; None before the first."""
    return await _HEAD.one(conn)


def chain(conn: Connection, number_max: int) -> AsyncIterator[ChainRow]:
    """Every entry up to a journal, in the order of the chain."""
    return _CHAIN.stream(conn, number_max=number_max)


async def balances_off(conn: Connection) -> list[BalanceOffRow]:
    """Balances that are not the sum of their entries, up to DIFFERENCES_MAX."""
    return await _BALANCES_OFF.run(conn)
