"""The proof that the books are what was booked: the chain of journals, and everything that must follow from entries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from core import limits
from core.stores.postgres import Connection
from ledger.domain.journal import Entry, Journal, add_content, content_hex, genesis, journal_hash
from ledger.flows.read import trial_balance
from ledger.store import journals, orders, withdrawals
from ledger.store.journals import ChainRow


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that is not as it was written: in which table, which row (None where only the whole tells), and how."""

    book: str
    key: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The chain as it was recomputed, and what does not fit, the first DIFFERENCES_MAX of it."""

    journals: int
    head_hash: str
    content_hash: str
    findings: list[Discrepancy]


@dataclass(slots=True)
class _Chain:
    """The chain as far as it has been recomputed."""

    number: int
    hash: bytes
    content: int = 0


async def verify(conn: Connection, brand: str) -> Verification:
    """Recompute the chain of journals from the rows as stored; compare with the entries all that must follow from them.

    Call it in a snapshot: what is booked meanwhile is then left out of all of it. Memory is bounded: rows are streamed,
    or summed up where they lie.
    """
    chain = _Chain(0, genesis(brand))
    findings: list[Discrepancy] = []
    async for found in _chain_off(conn, chain):
        if len(findings) < limits.DIFFERENCES_MAX:
            findings.append(found)
    for off in await journals.balances_off(conn):
        problem = f"account {off.account} says {off.balance_fen} fen, its entries {off.entries_fen}"
        findings.append(Discrepancy("member_balance", off.member_id, problem))
    total_fen = (await trial_balance(conn, None)).total_fen
    if total_fen:
        findings.append(Discrepancy("entry", None, f"the trial balance is off by {total_fen} fen"))
    findings += [Discrepancy("paid_order", off.order_id, off.problem) for off in await orders.orders_off(conn)]
    async for row in orders.JSON.stream(conn):
        if len(findings) < limits.DIFFERENCES_MAX and orders.json_print(row) != bytes(row.json_print or b""):
            findings.append(Discrepancy("paid_order", row.order_id, "its lines, chain, commissions or reasons differ"))
    findings += [Discrepancy("member_sales", off.member_id, off.problem) for off in await orders.sales_off(conn)]
    findings += [
        Discrepancy("withdrawal", off.withdrawal_id, off.problem) for off in await withdrawals.withdrawals_off(conn)
    ]
    return Verification(chain.number, chain.hash.hex(), content_hex(chain.content), findings[: limits.DIFFERENCES_MAX])


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a brand's chain of journals; number 0 before the first."""

    number: int
    hash: bytes


async def head(conn: Connection) -> Head:
    """Where the chain ends."""
    found = await journals.head(conn)
    return Head(found.number, bytes(found.hash)) if found else Head(0, b"")


async def journal_hash_at(conn: Connection, number: int) -> bytes | None:
    """The hash of the chain at a journal; None beyond its end."""
    return await journals.hash_at(conn, number)


async def _chain_off(conn: Connection, chain: _Chain) -> AsyncIterator[Discrepancy]:
    """Every journal that does not fit; ``chain`` stands at its end afterwards."""
    head = await journals.head(conn)
    rows: list[ChainRow] = []
    async for row in journals.chain(conn, limits.NUMBER_MAX):
        if rows and rows[0].number != row.number:
            for found in _check(rows, chain):
                yield found
            rows = []
        rows.append(row)
    if rows:
        for found in _check(rows, chain):
            yield found
    if head is None:
        if chain.number:
            yield Discrepancy("ledger_head", None, "it is gone")
    elif (head.number, bytes(head.hash)) != (chain.number, chain.hash):
        yield Discrepancy("ledger_head", None, f"the chain ends at journal {chain.number}, its head says {head.number}")


def _check(rows: list[ChainRow], chain: _Chain) -> list[Discrepancy]:
    """One stored journal against its hash; the chain goes on from what is stored, so that one fault is one finding."""
    first, previous, expected = rows[0], chain.hash, chain.number + 1
    chain.number, chain.hash = first.number, bytes(first.hash)
    problem = None
    if first.effective_at is None:
        problem = f"journal {first.number} has no entries"
    else:
        parts = tuple(Entry(row.account or "", row.member_id, row.amount_fen or 0) for row in rows)
        journal = Journal(first.kind, first.subject, first.cause, first.effective_at, parts)
        chain.content = add_content(chain.content, journal)
        if first.number != expected:
            problem = f"journal {expected} is missing"
        elif journal_hash(previous, first.number, first.recorded_at, journal) != chain.hash:
            problem = f"journal {first.number} is not what was booked: its hash differs"
        elif any(row.effective_at != first.effective_at for row in rows):
            problem = f"journal {first.number} has entries of different times"
        elif [row.place for row in rows] != list(range(len(rows))):
            problem = f"journal {first.number} has entries out of place"
        elif sum(part.amount_fen for part in parts):
            problem = f"journal {first.number} is out of balance"
    return [] if problem is None else [Discrepancy("journal", str(first.number), problem)]
