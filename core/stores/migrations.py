"""Ordered SQL migrations: each file runs once, in name order, in one transaction with its mark."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

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


async def migrate(owner_url: str) -> list[str]:
    """Bring the schema up to date as the owner of the database; returns the names that ran.

    Safe to repeat and to run from several processes: a lock is held for the length of the run.
    Raises MigrationChanged when a file differs from what ran.
    """
    ran = []
    async with await psycopg.AsyncConnection.connect(owner_url, connect_timeout=5) as conn:
        await _PREPARE.run(conn)
        applied = {row.name: bytes(row.digest) for row in await _APPLIED.run(conn)}
        for path in sorted((ROOT / "sql" / "migrations").glob("*.sql")):
            text = path.read_bytes()
            digest = hashlib.sha256(text).digest()
            if path.stem in applied:
                if applied[path.stem] != digest:
                    raise MigrationChanged(path.name)
                continue
            await conn.execute(text)
            await _MARK.run(conn, name=path.stem, digest=digest)
            ran.append(path.stem)
    return ran
