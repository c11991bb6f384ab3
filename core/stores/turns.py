"""A turn: the right to be the only one, as a lock of Postgres on a connection of its own: it dies with its holder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from psycopg_pool import AsyncConnectionPool

from core import limits
from core.errors import unavailable
from core.stores.postgres import Connection, Postgres
from core.stores.queries import sql


@dataclass(frozen=True, slots=True)
class _Taken:
    taken: bool


_TRY_LOCK = sql("core/try_session_lock", _Taken)
_NOTICE_DEAD_PEER = sql("core/notice_dead_peer")

_LOST = (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError)


class Turn:
    """A turn that is held until its connection ends, for whatever reason."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    async def still_held(self) -> None:
        """Return while the turn is held; raises Refusal 503 once the connection, and the turn with it, is lost."""
        try:
            async with asyncio.timeout(limits.POOL_WAIT_SECONDS_MAX):
                await AsyncConnectionPool.check_connection(self._conn)
        except _LOST as error:
            raise unavailable("postgres") from error


@asynccontextmanager
async def turn(postgres: Postgres, name: str) -> AsyncIterator[Turn]:
    """Wait until nobody else has the turn of this name, and have it. Raises Refusal 503 while Postgres is away."""
    async with _connection(postgres) as conn:
        await _wait(conn, name)
        yield Turn(conn)


@asynccontextmanager
async def free_turn(postgres: Postgres, name: str) -> AsyncIterator[Turn | None]:
    """Have the turn of this name if nobody else has it, else None. Raises Refusal 503 while Postgres is away."""
    async with _connection(postgres) as conn:
        yield Turn(conn) if await _taken(conn, name) else None


@asynccontextmanager
async def _connection(postgres: Postgres) -> AsyncIterator[Connection]:
    try:
        conn = await postgres.listener()
    except psycopg.OperationalError as error:
        raise unavailable("postgres") from error
    try:
        try:
            await _NOTICE_DEAD_PEER.run(
                conn,
                idle_seconds=str(limits.DEAD_PEER_IDLE_SECONDS),
                probe_seconds=str(limits.DEAD_PEER_PROBE_SECONDS),
                probes=str(limits.DEAD_PEER_PROBES),
            )
        except _LOST as error:
            raise unavailable("postgres") from error
        yield conn
    finally:
        await conn.close()  # gives the lock back at once


async def _wait(conn: Connection, name: str) -> None:
    while not await _taken(conn, name):  # noqa: ASYNC110 -- another process lets it go, not an event here
        await asyncio.sleep(limits.POLL_SECONDS)


async def _taken(conn: Connection, name: str) -> bool:
    try:
        found = await _TRY_LOCK.one(conn, name=name)
    except _LOST as error:
        raise unavailable("postgres") from error
    return found is not None and found.taken
