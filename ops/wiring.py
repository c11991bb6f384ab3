"""The composition root: one installation's settings become open parts, put together in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api.platform import Platform
from brands.brands import Brands
from brands.clock import InstallationClock
from core import limits
from core.settings import ProcessSettings
from core.stores.neo4j import Graph
from core.stores.postgres import Postgres
from intake.dead_letters import LetterBox
from intake.intake import Intake
from intake.kafka import KafkaLine
from intake.streams import RedisLine
from intake.transport import Line, Transport
from ledger.flows.seed import seed as seed_plan
from privacy.keyring import Keyring
from risk.flows.check import Checks
from risk.flows.recorder import Recorder
from risk.flows.rulebooks import Rulebooks
from risk.flows.rulebooks import seed as seed_rulebook
from risk.store.wire import Wire
from worker.progress import Progress
from worker.projectors import BooksProjector, GraphProjector
from worker.worker import Worker

SEEDS = (seed_plan, seed_rulebook)
"""What rooms give a new brand to begin with."""


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
    intake = Intake(postgres, keyring, clock)
    letter_box = LetterBox(keyring)
    lines: list[Line] = [RedisLine(redis, postgres, letter_box)]
    if settings.kafka_bootstrap:
        lines.append(KafkaLine(settings.kafka_bootstrap, letter_box))
    try:
        yield Platform(
            brands=Brands(postgres, settings.master_key, SEEDS),
            postgres=postgres,
            idempotency=idempotency,
            redis=redis,
            graph=graph,
            wire=wire,
            clock=clock,
            keyring=keyring,
            intake=intake,
            transports=[Transport(line, postgres, intake, letter_box) for line in lines],
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


def make_worker(parts: Platform) -> Worker:
    """The worker over open parts."""
    return Worker(parts.postgres, parts.redis, parts.clock, parts.graph_projector, parts.books, parts.transports)
