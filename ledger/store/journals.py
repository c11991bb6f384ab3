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
    available_fen: str
    arrears_fen: str
    credited_at: datetime | None
    arrears_at: datetime | None


@dataclass(frozen=True, slots=True)
class _BalanceText:
    account: str
    balance_fen: str


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
class _Hash:
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
    place: int | None
    account: str | None
    member_id: str | None
    amount_fen: int | None
    effective_at: datetime | None


@dataclass(frozen=True, slots=True)
class BalanceOffRow:
    """A payee's account that is not the sum of its entries, or not of their latest instants; amounts as text."""

    member_id: str
    account: str
    balance_fen: str
    entries_fen: str


_POST = sql("ledger/post", _Repeated)
_WALLETS = sql("ledger/wallets_load", _WalletRow)
_BALANCES = sql("ledger/balances", _BalanceText)
_ENTRIES = sql("ledger/entries_page", StatementLine)
_TRIAL_BALANCE = sql("ledger/trial_balance", _BalanceText)
_HEAD = sql("ledger/head", HeadRow)
_HASH_AT = sql("ledger/journal_hash", _Hash)
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
    return {
        row.member_id: Wallet(
            row.member_id, int(row.available_fen), int(row.arrears_fen), row.credited_at, row.arrears_at
        )
        for row in rows
    }


async def balances(conn: Connection, member_id: str, as_of: datetime) -> dict[str, int]:
    """A member's balance per account of what was effective at an instant, debit positive."""
    return {row.account: int(row.balance_fen) for row in await _BALANCES.run(conn, member_id=member_id, as_of=as_of)}


async def entries(
    conn: Connection, member_id: str, as_of: datetime, before: tuple[int, int] | None, count_max: int
) -> list[StatementLine]:
    """A member's entries effective at an instant, the latest booked first, from before ``(number, place)`` on."""
    number, place = before or (limits.NUMBER_MAX, 0)
    return await _ENTRIES.run(
        conn, member_id=member_id, as_of=as_of, before_number=number, before_place=place, count_max=count_max
    )


async def trial_balance(conn: Connection, as_of: datetime | None) -> list[BalanceRow]:
    """The balance of each account, payees summed, of what was effective at an instant or of all that is booked."""
    return [BalanceRow(row.account, int(row.balance_fen)) for row in await _TRIAL_BALANCE.run(conn, as_of=as_of)]


async def head(conn: Connection) -> HeadRow | None:
    """The last journal; None before the first."""
    return await _HEAD.one(conn)


async def hash_at(conn: Connection, number: int) -> bytes | None:
    """The hash of the chain at a journal; None beyond its end."""
    if number == 0:
        return None
    row = await _HASH_AT.one(conn, number=number)
    return bytes(row.hash) if row else None


def chain(conn: Connection, number_max: int) -> AsyncIterator[ChainRow]:
    """Every entry up to a journal, in the order of the chain."""
    return _CHAIN.stream(conn, number_max=number_max)


async def balances_off(conn: Connection) -> list[BalanceOffRow]:
    """Balances that are not the sum of their entries, up to DIFFERENCES_MAX."""
    return await _BALANCES_OFF.run(conn)
