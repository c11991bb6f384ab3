"""Seals: where the log and the books of a brand stood at an instant, signed with the brand's key.

Chains and sums say whether what is there fits together; only something kept elsewhere says whether the end is missing.
The private key is derived from the brand's key, which the master key wraps: no database holds it. A seal may leave the
installation and is then held against it later.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core import limits
from core.canonical import canonical
from core.clock import iso
from core.stores.postgres import Connection, Postgres, lock
from core.stores.queries import sql
from events import log
from ledger.flows import verify as ledger
from ledger.flows.verify import Discrepancy
from privacy.keyring import Keyring
from privacy.vault import BrandKeys

Seal = dict[str, Any]
"""``{version, brand, number, previous, sealed_at, log: {seq, hash}, journals: {number, hash}, books: {table: rows},
public_key, signature}``; hashes, key and signature in hex, the signature over all else as canonical JSON."""

_VERSION: Final = 1
_BOOKS_THAT_SHRINK: Final = frozenset({"parked_fact"})


@dataclass(frozen=True, slots=True)
class _Stored:
    number: int
    document: Seal


@dataclass(frozen=True, slots=True)
class _Count:
    book: str
    rows: int


@dataclass(frozen=True, slots=True)
class _Folded:
    folded: int


_LAST = sql("evidence/seal_last", _Stored)
_PAGE = sql("evidence/seals_page", _Stored)
_ADD = sql("evidence/seal_add")
_COUNTS = sql("evidence/counts", _Count)
_FOLD = sql("evidence/fold", _Folded)


async def seal(postgres: Postgres, keyring: Keyring, brand: str, at: datetime) -> Seal:
    """Seal a brand as it stands: sign it, keep it, fold the evidence it was counted from."""
    keys = await keyring.brand(brand)
    async with postgres.brand(brand) as conn:
        await lock(conn, f"seal {brand}")
        last = await _LAST.one(conn)
        head = await log.head_seq(conn, brand)
        head_hash = await log.hash_at(conn, brand, head)
        journals = await ledger.head(conn)
        unsigned: Seal = {
            "version": _VERSION,
            "brand": brand,
            "number": last.number + 1 if last else 1,
            "previous": _print(last.document) if last else None,
            "sealed_at": iso(at),
            "log": {"seq": head, "hash": head_hash.hex() if head_hash else None},
            "journals": {"number": journals.number, "hash": journals.hash.hex()},
            "books": {count.book: count.rows for count in await _COUNTS.run(conn)},
            "public_key": _public(_private(keys)),
        }
        made = {**unsigned, "signature": _private(keys).sign(canonical(unsigned)).hex()}
        await _ADD.run(conn, number=made["number"], sealed_at=at, document=canonical(made).decode())
        await _FOLD.run(conn)
    return made


async def stored_off(
    conn: Connection, keys: BrandKeys, brand: str, rows: Mapping[str, int]
) -> AsyncIterator[Discrepancy]:
    """What contradicts the seals that the brand keeps; ``rows`` are those of each table now."""
    previous: Seal | None = None
    after = 0
    while page := await _PAGE.run(conn, after=after, count_max=limits.PAGE_ITEMS_MAX):
        for one in page:
            if one.number != after + 1 or one.document.get("previous") != (_print(previous) if previous else None):
                yield Discrepancy("seal", str(after + 1), "it is not the one that was kept after the seal before")
            async for found in seal_off(conn, keys, brand, one.document, rows):
                yield found
            previous, after = one.document, one.number


async def seal_off(
    conn: Connection, keys: BrandKeys, brand: str, given: Seal, rows: Mapping[str, int]
) -> AsyncIterator[Discrepancy]:
    """What contradicts one seal: not signed by this brand, a chain that goes another way, rows that are gone."""
    name = str(given.get("number"))
    if not _signed(given, _public(_private(keys))) or given["brand"] != brand:
        yield Discrepancy("seal", name, "it was not signed with this brand's key, or was changed since")
        return
    sealed_log, sealed_journals = given["log"], given["journals"]
    log_hash = await log.hash_at(conn, brand, sealed_log["seq"])
    if (log_hash.hex() if log_hash else None) != sealed_log["hash"]:
        yield Discrepancy("event_log", str(sealed_log["seq"]), f"seal {name} says that the log was another")
    if sealed_journals["number"]:
        journal_hash = await ledger.journal_hash_at(conn, sealed_journals["number"])
        if journal_hash is None or journal_hash.hex() != sealed_journals["hash"]:
            number = sealed_journals["number"]
            yield Discrepancy("journal", str(number), f"seal {name} says that the books were others")
    for book, sealed in given["books"].items():
        if book not in _BOOKS_THAT_SHRINK and rows.get(book, 0) < sealed:
            yield Discrepancy(book, None, f"seal {name} counted {sealed} rows, there are {rows.get(book, 0)}")


def _signed(given: Seal, public_key: str) -> bool:
    unsigned = {name: value for name, value in given.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(given["signature"]), canonical(unsigned))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return given.get("version") == _VERSION and given.get("public_key") == public_key


def _private(keys: BrandKeys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.seals)


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _print(document: Seal) -> str:
    return hashlib.sha256(canonical(document)).hexdigest()
