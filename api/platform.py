"""Everything a route may need, put together by the composition root and found on the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from redis.asyncio import Redis

from brands.answers import Answers
from brands.brands import Brands
from brands.clock import InstallationClock
from core.stores.neo4j import Graph
from core.stores.postgres import Postgres
from events.consumer import Consumer
from events.contract import Contracts
from events.room import Job, Room
from graph.flows.live import LiveGraph
from intake.intake import Intake
from intake.transport import Transport
from privacy.keyring import Keyring
from risk.flows.check import Checks
from risk.flows.rulebooks import Rulebooks
from risk.store.wire import Wire
from worker.progress import Progress


@dataclass(frozen=True, slots=True)
class Platform:
    """The open parts of one installation."""

    brands: Brands
    postgres: Postgres
    answers: Answers
    redis: Redis
    graph: Graph
    live: LiveGraph
    wire: Wire
    clock: InstallationClock
    keyring: Keyring
    intake: Intake
    transports: Sequence[Transport]
    progress: Progress
    rulebooks: Rulebooks
    checks: Checks
    contracts: Contracts
    jobs: Mapping[str, Job]
    consumers: tuple[Consumer, ...]
    rooms: tuple[Room, ...]
    metrics_token: str | None


def platform(request: Request) -> Platform:
    """The platform this request came to."""
    found: Platform = request.app.state.platform
    return found
