"""Throwing a brand's graph or wire away, to be made anew from the log."""

from __future__ import annotations

import asyncio

from core import limits
from core.stores.neo4j import Graph
from core.stores.postgres import Postgres, lock
from events import log
from graph.flows.project import forget
from risk.store.wire import Wire
from worker.projectors import BooksProjector, GraphProjector, books_lock, graph_lock


async def rebuild_graph(postgres: Postgres, projector: GraphProjector, graph: Graph, brand: str) -> int:
    """Rebuild a brand's graph; answers how many events were projected.

    What the books recorded stays: findings of events that were projected before are not recorded again.
    """
    async with postgres.brand(brand) as conn:
        await lock(conn, graph_lock(brand))
        await forget(graph, brand)
    total = 0
    while True:
        async with postgres.brand(brand) as conn:
            await lock(conn, graph_lock(brand))
            done = await projector.advance(conn, brand)
        if not done:
            return total
        total += done


async def rebuild_wire(postgres: Postgres, wire: Wire, books: BooksProjector, brand: str) -> None:
    """Drop a brand's wire while nobody writes it, and refill it from the log as far as the ledger stands."""
    async with postgres.brand(brand) as conn:
        await lock(conn, books_lock(brand))
        await wire.forget(brand)
        booked = await log.watermark(conn, brand, "ledger")
    while await wire.watermark(brand) < booked:
        if await books.step(brand) is None:  # the worker refills it
            await asyncio.sleep(limits.BUSY_SECONDS)
