"""Ordered SQL migrations, each run once, and functions, applied again whenever their text was changed.

All in one transaction with their marks. A function whose arguments or columns change needs a migration that drops it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import psycopg

from core.stores.queries import ROOT, sql


@dataclass(frozen=True, slots=True)
class _Applied:
    name: str
    digest: bytes


_PREPARE = sql("core/migrations_prepare")
_APPLIED = sql("core/migrations_applied", _Applied)
_MARK = sql("core/migrations_mark")


class MigrationChanged(Exception):
    """A migration that already ran was edited afterwards; write a new file instead."""


async def migrate(owner_url: str, folder: Path = ROOT / "sql") -> list[str]:
    """Bring the schema up to date as the owner of the database; returns the names that ran.

    First the files of ``<folder>/migrations`` that never ran, then those of ``<folder>/functions`` that never ran or
    were changed since, each by name. Safe to repeat and to run from several processes: a lock is held for the length
    of the run. Raises MigrationChanged when a migration differs from what ran.
    """
    ran = []
    async with await psycopg.AsyncConnection.connect(owner_url, connect_timeout=5) as conn:
        await _PREPARE.run(conn)
        applied = {row.name: bytes(row.digest) for row in await _APPLIED.run(conn)}
        for name, text in (*_files(folder / "migrations"), *_files(folder / "functions", "functions/")):
            digest = hashlib.sha256(text).digest()
            if applied.get(name) == digest:
                continue
            if name in applied and not name.startswith("functions/"):
                raise MigrationChanged(name)
            await conn.execute(text)
            await _MARK.run(conn, name=name, digest=digest)
            ran.append(name)
    return ran


def _files(folder: Path, prefix: str = "") -> list[tuple[str, bytes]]:
    return [(prefix + path.stem, path.read_bytes()) for path in sorted(folder.glob("*.sql"))]
