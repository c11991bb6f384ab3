"""Everything a route may need, put together by the composition root and found on the request."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from redis.asyncio import Redis

from core.installation import InstallationClock
from core.neo4j import Graph
from core.postgres import Postgres
from events.intake import Intake
from events.keyring import Keyring
from events.progress import Progress
from events.projectors import BooksProjector, GraphProjector
from risk.flows.check import Checks
from risk.flows.rulebooks import Rulebooks
from risk.store.wire import Wire


@dataclass(frozen=True, slots=True)
class Platform:
    """The open parts of one installation."""

    master_key: bytes
    postgres: Postgres
    idempotency: Postgres
    redis: Redis
    graph: Graph
    wire: Wire
    clock: InstallationClock
    keyring: Keyring
    intake: Intake
    progress: Progress
    rulebooks: Rulebooks
    checks: Checks
    graph_projector: GraphProjector
    books: BooksProjector


def platform(request: Request) -> Platform:
    """The platform this request came to."""
    found: Platform = request.app.state.platform
    return found
