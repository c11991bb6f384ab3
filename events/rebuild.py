"""Throwing a brand's graph away and projecting it anew from the log."""

from __future__ import annotations

from core.neo4j import Graph
from core.postgres import Postgres, lock
from events.projectors import GraphProjector, graph_lock
from graph.flows.project import forget


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
