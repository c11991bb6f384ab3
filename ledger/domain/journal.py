"""Journals: what one business act moves between accounts, and the hashes that make a book of them checkable."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.canonical import link
from ledger.domain.accounts import Account

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIELD = "\x1f"  # ids hold no control characters, so these two cannot be forged by an id
_RECORD = "\x1e"
_HASH_SPACE = 1 << 256


class Kind(StrEnum):
    """Which act a journal books. Two journals never share kind, subject and cause."""

    ACCRUAL = "accrual"
    SETTLEMENT = "settlement"
    SETTLEMENT_OFFSET = "settlement_offset"
    CLAWBACK = "clawback"
    CANCELLATION = "cancellation"
    WITHDRAWAL = "withdrawal"
    REJECTION = "rejection"
    REJECTION_OFFSET = "rejection_offset"


WITHDRAWAL_KINDS = frozenset({Kind.WITHDRAWAL, Kind.REJECTION, Kind.REJECTION_OFFSET})
"""Kinds whose subject is a withdrawal; all others are about an order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a journal: debit positive, credit negative; payees' accounts name the member."""

    account: str
    member_id: str | None
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Journal:
    """One act: ``subject`` is the order or withdrawal, ``cause`` the refund or the member where there are several.

    The part of a clawback that waits for a payee's latest credit has both as its cause, ``refund/member``.
    """

    kind: str
    subject: str
    cause: str
    effective_at: datetime
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry of a member's statement with what it was for; debit positive, credit in the member's favour."""

    number: int
    place: int
    kind: str
    subject: str
    cause: str
    account: str
    amount_fen: int
    effective_at: datetime
    recorded_at: datetime


def transfer(
    kind: Kind, subject: str, cause: str, effective_at: datetime, moves: Iterable[tuple[Account, Account, str, int]]
) -> Journal:
    """A journal that debits the first and credits the second account of each ``(account, account, member, fen)``."""
    entries: list[Entry] = []
    for debit, credit, member_id, fen in moves:
        entries.append(Entry(debit, member_id, fen))
        entries.append(Entry(credit, member_id, -fen))
    return Journal(kind, subject, cause, effective_at, tuple(entries))


def accrual(order_id: str, effective_at: datetime, payable: Account, earned_fen: Mapping[str, int]) -> Journal:
    """Commission as a cost, owed to its payees."""
    entries = [Entry(Account.EXPENSE, None, sum(earned_fen.values()))]
    entries += [Entry(payable, member_id, -fen) for member_id, fen in earned_fen.items()]
    return Journal(Kind.ACCRUAL, order_id, "", effective_at, tuple(entries))


def clawback(
    kind: Kind, order_id: str, cause: str, effective_at: datetime, parts: Iterable[tuple[Account, str, int]]
) -> Journal:
    """Commission taken back: each ``(account, member, fen)`` debited, zeros left out, the cost credited once."""
    entries = [Entry(account, member_id, fen) for account, member_id, fen in parts if fen]
    entries.append(Entry(Account.EXPENSE, None, -sum(entry.amount_fen for entry in entries)))
    return Journal(kind, order_id, cause, effective_at, tuple(entries))


def canonical_text(number: int, recorded_at: datetime, journal: Journal) -> str:
    """The text a journal's hash covers; the posting function in the database builds the same."""
    head = (
        str(number),
        journal.kind,
        journal.subject,
        journal.cause,
        str(_micros(journal.effective_at)),
        str(_micros(recorded_at)),
    )
    return _RECORD.join([_FIELD.join(head), *(_entry_text(entry) for entry in journal.entries)])


def journal_hash(previous: bytes, number: int, recorded_at: datetime, journal: Journal) -> bytes:
    """The hash of a journal: over the hash before it and its own text."""
    return link(previous, canonical_text(number, recorded_at, journal).encode())


def genesis(brand: str) -> bytes:
    """The hash before a brand's first journal."""
    return hashlib.sha256(brand.encode()).digest()


def add_content(total: int, journal: Journal) -> int:
    """Add a journal to an order-free fingerprint of what was booked and for what.

    Says nothing of numbers, of when it was recorded, nor of which withdrawal it was: two runs of the same events
    give the same total.
    """
    subject = "" if journal.kind in WITHDRAWAL_KINDS else journal.subject
    head = _FIELD.join((journal.kind, subject, journal.cause, str(_micros(journal.effective_at))))
    text = _RECORD.join([head, *sorted(_entry_text(entry) for entry in journal.entries)])
    return (total + int.from_bytes(hashlib.sha256(text.encode()).digest())) % _HASH_SPACE


def content_hex(total: int) -> str:
    """The fingerprint as 64 hex digits."""
    return f"{total:064x}"


def _entry_text(entry: Entry) -> str:
    return f"{entry.account}{_FIELD}{entry.member_id or ''}{_FIELD}{entry.amount_fen}"


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
