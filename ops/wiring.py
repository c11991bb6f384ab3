"""The composition root: one installation's settings become open parts, put together in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api.platform import Platform
from core import limits
from core.installation import InstallationClock
from core.neo4j import Graph
from core.postgres import Postgres
from core.settings import ProcessSettings
from events.intake import Intake
from events.keyring import Keyring
from events.progress import Progress
from events.projectors import BooksProjector, GraphProjector
from events.streams import StreamIntake
from events.worker import Worker
from risk.flows.check import Checks
from risk.flows.recorder import Recorder
from risk.flows.rulebooks import Rulebooks
from risk.store.wire import Wire


@asynccontextmanager
async def open_platform(settings: ProcessSettings) -> AsyncIterator[Platform]:
    """Open every part; none of them needs its store to be there yet."""
    postgres = Postgres(settings.postgres_url)
    idempotency = Postgres(settings.postgres_url, limits.IDEMPOTENCY_POOL_MAX)
    statements = Postgres(settings.postgres_url, limits.STATEMENT_POOL_MAX, autocommit=True)
    redis = Redis.from_url(settings.redis_url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=1)
    graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
    await postgres.open()
    await idempotency.open()
    await statements.open()
    keyring = Keyring(postgres, settings.master_key)
    clock = InstallationClock(postgres, settings.clock)
    wire = Wire(redis)
    rulebooks = Rulebooks(postgres)
    progress = Progress(postgres)
    try:
        yield Platform(
            master_key=settings.master_key,
            postgres=postgres,
            idempotency=idempotency,
            redis=redis,
            graph=graph,
            wire=wire,
            clock=clock,
            keyring=keyring,
            intake=Intake(postgres, keyring, clock),
            progress=progress,
            rulebooks=rulebooks,
            checks=Checks(wire, graph, rulebooks, Recorder(postgres, statements), progress.booked),
            graph_projector=GraphProjector(postgres, graph),
            books=BooksProjector(postgres, graph, wire, rulebooks, clock),
        )
    finally:
        await redis.aclose()
        await graph.close()
        await statements.close()
        await idempotency.close()
        await postgres.close()


def make_streams(parts: Platform) -> StreamIntake:
    """Intake from the Redis stream."""
    return StreamIntake(parts.redis, parts.postgres, parts.intake, parts.keyring)


def make_worker(parts: Platform) -> Worker:
    """The worker over open parts."""
    return Worker(parts.postgres, parts.redis, parts.clock, parts.graph_projector, parts.books, make_streams(parts))
