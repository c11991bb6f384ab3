"""Postgres under row-level security: every transaction is opened for one brand and sees nothing else."""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import orjson
import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from core import limits
from core.clock import monotonic_s
from core.errors import Refusal, busy, unavailable
from core.stores.away import postgres_away
from core.stores.queries import sql

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)

Connection = AsyncConnection[Any]

_TAKE_ROLE = sql("core/take_role")
_ENTER_BRAND = sql("core/enter_brand")
_SNAPSHOT = sql("core/snapshot")
_LOCK = sql("core/lock")


@dataclass(frozen=True, slots=True)
class _Taken:
    taken: bool


_TRY_LOCK = sql("core/try_lock", _Taken)


async def _configure(conn: Connection) -> None:
    await _TAKE_ROLE.run(conn)
    if not conn.autocommit:
        await conn.commit()


async def _check(conn: Connection) -> None:
    """A connection is asked whether it lives only if something came in while nobody used it: a server's farewell.

    Asking every time would add a round trip to every transaction.
    """
    if select.select([conn.fileno()], [], [], 0)[0]:
        await AsyncConnectionPool.check_connection(conn)


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """Connections there are, those in use, and who waits for one."""

    size: int
    used: int
    waiting: int


class Postgres:
    """A pool of connections that act as the application's role, which row-level security binds.

    With ``autocommit``, for statements that enter their brand by themselves: one round trip and no transaction around.
    """

    def __init__(self, url: str, size_max: int = limits.POSTGRES_POOL_MAX, *, autocommit: bool = False) -> None:
        self._url = url
        self._size_max = size_max
        self._rests_until = 0.0
        self._waiting = 0
        self._lent = 0
        # of a brand that nobody works for nothing is kept
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size_max,
            open=False,
            configure=_configure,
            timeout=limits.POOL_WAIT_SECONDS_MAX,
            reconnect_timeout=limits.RETRY_SECONDS_MAX,
            check=_check,
            kwargs={"connect_timeout": 3, "autocommit": autocommit},
        )

    def figures(self) -> PoolFigures:
        """How the pool is used now."""
        told = self._pool.get_stats()
        size, available = told.get("pool_size", 0), told.get("pool_available", 0)
        return PoolFigures(size, size - available, told.get("requests_waiting", 0))

    async def open(self) -> None:
        """Start the pool; connections are made in the background and again after an outage."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=2)

    @asynccontextmanager
    async def brand(self, brand: str) -> AsyncIterator[Connection]:
        """One transaction that sees only this brand's rows; commits on leaving, rolls back on error.

        A brand has at most POSTGRES_BRAND_MAX at a time and waits for more in a queue of its own. Raises Refusal 503
        ``postgres_unavailable`` when the store is away before anything was done, ``busy`` when the queue is too long.
        """
        async with self._share(brand), self.installation() as conn:
            async with conn.pipeline():  # BEGIN and the brand in one round trip
                await _ENTER_BRAND.run(conn, brand=brand)
            yield conn

    @asynccontextmanager
    async def snapshot(self, brand: str) -> AsyncIterator[Connection]:
        """One transaction that sees this brand's rows as they all are at one instant, and writes nothing.

        For reads of whole books in several steps; no writer waits for it. Raises Refusal 503 as :meth:`brand` does.
        """
        async with self._share(brand), self.installation() as conn:
            await _SNAPSHOT.run(conn)
            await _ENTER_BRAND.run(conn, brand=brand)
            yield conn

    @asynccontextmanager
    async def _share(self, brand: str) -> AsyncIterator[None]:
        """One of the connections that a brand may have at a time."""
        share = self._shares.setdefault(brand, asyncio.Semaphore(limits.POSTGRES_BRAND_MAX))
        if monotonic_s() < self._rests_until:
            raise unavailable("postgres")
        try:
            async with asyncio.timeout(limits.POOL_WAIT_SECONDS_MAX):
                await share.acquire()
        except TimeoutError as error:
            raise (self._refusal() if self._waiting else busy()) from error
        try:
            yield
        finally:
            share.release()

    @asynccontextmanager
    async def installation(self) -> AsyncIterator[Connection]:
        """One transaction over the tables that belong to no brand (brands, keys, heads of the logs, clock).

        Raises Refusal 503 as :meth:`brand` does.
        """
        if monotonic_s() < self._rests_until:
            raise unavailable("postgres")
        try:
            async with self._connection() as conn:
                yield conn
        except PoolTimeout as error:
            raise self._refusal() from error
        except psycopg.Error as error:
            if postgres_away(error):
                raise unavailable("postgres") from error
            raise

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        self._waiting += 1
        try:
            conn = await self._pool.getconn()
        finally:
            self._waiting -= 1
        self._lent += 1
        try:
            async with conn:
                yield conn
        finally:
            self._lent -= 1
            await self._pool.putconn(conn)

    def _refusal(self) -> Refusal:
        """Why nobody got a connection in time: all are at work, or there is room for more and none can be made."""
        if self._lent >= self._size_max:
            return busy()
        self._rests_until = monotonic_s() + limits.POOL_REST_SECONDS
        return unavailable("postgres")

    async def listener(self) -> Connection:
        """A connection of its own for LISTEN, in autocommit; the caller closes it."""
        conn = await AsyncConnection.connect(self._url, autocommit=True, connect_timeout=3)
        await _TAKE_ROLE.run(conn)
        return conn


async def lock(conn: Connection, name: str) -> None:
    """Hold a named lock until the transaction ends, waiting for it if need be."""
    await _LOCK.run(conn, name=name)


async def try_lock(conn: Connection, name: str) -> bool:
    """Hold a named lock until the transaction ends if nobody has it; say whether it was had."""
    taken = await _TRY_LOCK.one(conn, name=name)
    return taken is not None and taken.taken
