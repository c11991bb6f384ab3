"""Neo4j: one driver, write transactions for the graph consumer, bounded reads for everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from neo4j import READ_ACCESS, AsyncDriver, AsyncGraphDatabase, AsyncTransaction
from neo4j.exceptions import DriverError, Neo4jError

from core import limits
from core.errors import unavailable
from core.stores.away import is_away
from core.stores.queries import ROOT


@contextmanager
def _said_away() -> Iterator[None]:
    """Raise Refusal 503 ``neo4j_unavailable`` for every way in which the server is not there, or not now."""
    try:
        yield
    except (DriverError, Neo4jError, OSError) as error:
        if is_away(error):
            raise unavailable("neo4j") from error
        raise


class Graph:
    """The driver of one installation."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._driver: AsyncDriver = AsyncGraphDatabase.driver(
            url,
            auth=(user, password),
            max_connection_pool_size=limits.NEO4J_POOL_MAX,
            connection_timeout=limits.POOL_WAIT_SECONDS_MAX,
            connection_acquisition_timeout=limits.POOL_WAIT_SECONDS_MAX,
            max_transaction_retry_time=limits.POOL_WAIT_SECONDS_MAX,
            notifications_min_severity="OFF",
        )

    async def close(self) -> None:
        await self._driver.close()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncTransaction]:
        """One write transaction: commits on leaving, rolls back on error; never retried by itself.

        Raises Refusal 503 ``neo4j_unavailable`` when the graph is away.
        """
        with _said_away():
            async with self._driver.session() as session, await session.begin_transaction() as tx:
                yield tx

    @asynccontextmanager
    async def reading(self, seconds_max: float = limits.NEO4J_READ_SECONDS_MAX) -> AsyncIterator[AsyncTransaction]:
        """One read transaction, ended by the server when it takes too long, or given up when that does not answer.

        Raises Refusal 503 ``neo4j_unavailable`` when the graph is away.
        """
        with _said_away():
            async with (
                asyncio.timeout(seconds_max + limits.NEO4J_SILENCE_SECONDS_MAX),
                self._driver.session(default_access_mode=READ_ACCESS) as session,
                await session.begin_transaction(timeout=seconds_max) as tx,
            ):
                yield tx

    async def apply_schema(self) -> None:
        """Create every constraint and index of ``cypher/schema``; safe to repeat."""
        async with self._driver.session() as session:
            for path in sorted((ROOT / "cypher" / "schema").glob("*.cypher")):
                lines = path.read_text(encoding="utf-8").splitlines()
                text = "\n".join(line for line in lines if not line.startswith("//"))
                for statement in filter(str.strip, text.split(";")):
                    result = await session.run(statement)
                    await result.consume()

    async def ping(self) -> None:
        """Raise when the graph does not answer."""
        await self._driver.verify_connectivity()
