"""A brand's graph as readers see it: always the whole one, never one in the making."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from neo4j import AsyncTransaction

from core import limits
from core.clock import monotonic_s
from core.stores.neo4j import Graph
from graph.store import spaces


@dataclass(frozen=True, slots=True)
class Reading:
    """One transaction on one brand's graph."""

    tx: AsyncTransaction
    space: str

    def key(self, name: str) -> str:
        """The key of a member, order or identifier."""
        return f"{self.space}|{name}"

    def name(self, key: str) -> str:
        """The inverse of :meth:`key`."""
        return key.removeprefix(f"{self.space}|")


class LiveGraph:
    """Finds the live space of a brand; a switch is seen within SPACE_KEEP_SECONDS."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def space(self, brand: str) -> str:
        """The space of a brand's graph; raises Refusal 503 when Neo4j is away."""
        kept = self._kept.get(brand)
        if kept is not None and monotonic_s() < kept[0]:
            return kept[1]
        space = await live_space(self.graph, brand)
        self._kept[brand] = (monotonic_s() + limits.SPACE_KEEP_SECONDS, space)
        self._kept.move_to_end(brand)
        if len(self._kept) > limits.SPACES_KEPT_MAX:
            self._kept.popitem(last=False)
        return space

    def forget(self, brand: str) -> None:
        """Look again at the next reading: the graph was made anew."""
        self._kept.pop(brand, None)

    @asynccontextmanager
    async def reading(self, brand: str, seconds_max: float = limits.NEO4J_READ_SECONDS_MAX) -> AsyncIterator[Reading]:
        """One read transaction on a brand's graph; raises Refusal 503 when Neo4j is away or too slow."""
        space = await self.space(brand)
        async with self.graph.reading(seconds_max) as tx:
            yield Reading(tx, space)


async def live_space(graph: Graph, brand: str) -> str:
    """The space of a brand's graph as it is now."""
    async with graph.reading() as tx:
        row = await spaces.LIVE.one(tx, brand=brand)
    assert row is not None, "the query always answers"
    return row.space
