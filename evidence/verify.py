"""Whether log, decisions and books of a brand are what the platform wrote: chains, evidence, sums, seals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core import limits
from core.stores.postgres import Postgres
from core.stores.queries import sql
from events import log
from evidence.seal import Seal, seal_off, stored_off
from ledger.flows import verify as ledger
from ledger.flows.verify import Discrepancy
from privacy.keyring import Keyring

BOOKS: Final = (
    "event_log",
    "outcome",
    "set_aside",
    "watermark",
    "rulebook",
    "decision",
    "blacklist_entry",
    "plan_version",
    "paid_order",
    "order_refund",
    "parked_fact",
    "sale",
    "member_sales",
    "withdrawal",
)
"""The tables of which evidence is kept, besides journals and entries with their chain."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The chains as they were recomputed, and the first DIFFERENCES_MAX things that are not as they were written."""

    ok: bool
    events: int
    log_hash: str
    journals: int
    head_hash: str
    content_hash: str
    findings: list[Discrepancy]


@dataclass(frozen=True, slots=True)
class _Weighed:
    rows_kept: int
    rows_written: int
    same: bool


_WEIGH = sql("evidence/weigh", _Weighed)


async def verify(postgres: Postgres, keyring: Keyring, brand: str, seals: Sequence[Seal] = ()) -> Proof:
    """Prove a brand, and hold it against the seals it keeps and those given.

    All of it is read in one snapshot, by pages, streams and sums: no writer waits, and memory does not grow with the
    brand.
    """
    keys = await keyring.brand(brand)
    findings: list[Discrepancy] = []
    async with postgres.snapshot(brand) as conn:
        chain = await log.verify(conn, brand)
        if not chain.ok:
            problem = "the chain of the log does not fit from here on"
            findings.append(Discrepancy("event_log", str(chain.first_bad_seq), problem))
        books = await ledger.verify(conn, brand)
        findings += books.findings
        rows = {}
        for book in BOOKS:
            weighed = await _WEIGH.one(conn, book=book)
            assert weighed is not None
            rows[book] = weighed.rows_kept
            if weighed.rows_kept != weighed.rows_written:
                problem = f"{weighed.rows_written} rows were written, there are {weighed.rows_kept}"
                findings.append(Discrepancy(book, None, problem))
            elif not weighed.same:
                findings.append(Discrepancy(book, None, "a row is not what was written: the sum of prints differs"))
        findings += [found async for found in stored_off(conn, keys, brand, rows)]
        for given in seals:
            findings += [found async for found in seal_off(conn, keys, brand, given, rows)]
    return Proof(
        not findings,
        chain.events,
        chain.head_hash,
        books.journals,
        books.head_hash,
        books.content_hash,
        findings[: limits.DIFFERENCES_MAX],
    )
