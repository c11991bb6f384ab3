"""What the graph room declares."""

from __future__ import annotations

from core.stores.postgres import Postgres
from events.contract import Contracts
from events.room import Job, Room
from graph.contracts import CONTRACTS
from graph.flows.follow import REBUILD, GraphConsumer
from graph.flows.live import LiveGraph
from graph.flows.warm import warm

_SWEEP_EVERY_SECONDS = 300.0
"""How long the space of a graph that was replaced may lie there: nobody reads it."""


def graph_room(postgres: Postgres, live: LiveGraph, contracts: Contracts) -> Room:
    """The room over open parts."""
    consumer = GraphConsumer(postgres, live, contracts)
    return Room(
        name="graph",
        contracts=CONTRACTS,
        consumers=(consumer,),
        warm=lambda: warm(live.graph),
        jobs=(
            Job(REBUILD, consumer.rebuild),
            Job("sweep_graph", consumer.sweep, by=None, every_seconds=_SWEEP_EVERY_SECONDS),
        ),
    )
