"""What the worker itself declares: the comparison stands above the rooms that it compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.stores.postgres import Postgres
from events.contract import Contracts
from events.room import Job, Progress, Room
from graph.flows.live import LiveGraph
from worker.consistency import CONSISTENCY, Comparison


def worker_room(postgres: Postgres, live: LiveGraph, contracts: Contracts) -> Room:
    """The room over open parts."""
    comparison = Comparison(postgres, live, contracts)

    async def compare(brand: str, _: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Compare the graph and the ledger with the log, at one watermark."""
        return asdict(await comparison.run(brand, progress))

    return Room(name="worker", jobs=(Job(CONSISTENCY, compare, by=("analyst", "auditor"), joins=True),))
