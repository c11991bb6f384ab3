"""The composition root: one installation's settings become open parts, put together in one place.

It lists rooms; what they do with events, by which consumers, jobs and contracts, they declare themselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api.platform import Platform
from brands.answers import Answers
from brands.brands import Brands
from brands.clock import InstallationClock
from brands.room import brands_room
from core import limits
from core.settings import ProcessSettings
from core.stores.neo4j import Graph
from core.stores.postgres import Postgres
from events.contract import Contracts
from events.room import Room
from events.shop import GRAPH, LEDGER, LOG, SHOP
from evidence.room import evidence_room
from graph.contracts import CONTRACTS as GRAPH_CONTRACTS
from graph.flows.live import LiveGraph
from graph.room import graph_room
from intake.dead_letters import LetterBox
from intake.intake import Intake
from intake.kafka import KafkaLine
from intake.streams import RedisLine
from intake.transport import Line, Transport
from ledger.contracts import CONTRACTS as LEDGER_CONTRACTS
from ledger.flows.seed import seed as seed_plan
from ledger.room import ledger_room
from privacy.keyring import Keyring
from risk.contracts import CONTRACTS as RISK_CONTRACTS
from risk.flows.check import Checks
from risk.flows.recorder import Recorder
from risk.flows.rulebooks import Rulebooks
from risk.flows.rulebooks import seed as seed_rulebook
from risk.room import risk_room
from risk.store.wire import Wire
from worker.consumer import StagedConsumer
from worker.progress import Progress
from worker.room import worker_room
from worker.worker import Worker

CONTRACTS: Final = Contracts((*LOG, *SHOP, *GRAPH_CONTRACTS, *RISK_CONTRACTS, *LEDGER_CONTRACTS))
"""Every kind of event there is."""

SEEDS: Final = (seed_plan, seed_rulebook)
"""What rooms give a new brand to begin with."""

FOLLOWS: Final = {LEDGER: GRAPH}
"""Which consumer a consumer made of stages never passes: the books see an order as the graph found it."""


def rooms_over(
    postgres: Postgres,
    live: LiveGraph,
    wire: Wire,
    rulebooks: Rulebooks,
    clock: InstallationClock,
    keyring: Keyring,
) -> tuple[Room, ...]:
    """Every room with what it declares; the parts it works over need not be open yet."""
    return (
        brands_room(postgres),
        graph_room(postgres, live, CONTRACTS),
        risk_room(postgres, wire, rulebooks, clock, CONTRACTS),
        ledger_room(postgres, clock),
        evidence_room(postgres, keyring, clock),
        worker_room(postgres, live, CONTRACTS),
    )


async def unopened_rooms() -> tuple[Room, ...]:
    """Every room over parts that are never opened: for looking at what the rooms declare, without any store."""
    postgres, graph = Postgres("postgresql://nowhere"), Graph("bolt://nowhere", "", "")
    try:
        clock = InstallationClock(postgres, "real")
        return rooms_over(postgres, LiveGraph(graph), Wire(Redis()), Rulebooks(postgres), clock, Keyring(postgres, b""))
    finally:
        await graph.close()


@asynccontextmanager
async def open_platform(settings: ProcessSettings) -> AsyncIterator[Platform]:
    """Open every part; none of them needs its store to be there yet."""
    postgres = Postgres(settings.postgres_url)
    statements = Postgres(settings.postgres_url, limits.STATEMENT_POOL_MAX, autocommit=True)
    redis = Redis.from_url(settings.redis_url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=1)
    graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
    await postgres.open()
    await statements.open()
    keyring = Keyring(postgres, settings.master_key)
    await keyring.start()
    clock = InstallationClock(postgres, settings.clock)
    live = LiveGraph(graph)
    wire = Wire(redis)
    rulebooks = Rulebooks(postgres)
    progress = Progress(postgres)
    intake = Intake(postgres, keyring, clock, CONTRACTS)
    letter_box = LetterBox(keyring)
    lines: list[Line] = [RedisLine(redis, postgres, letter_box)]
    if settings.kafka_bootstrap:
        lines.append(KafkaLine(settings.kafka_bootstrap, letter_box))
    rooms = rooms_over(postgres, live, wire, rulebooks, clock, keyring)
    staged = (
        StagedConsumer(
            name, follows, [stage for room in rooms for stage in room.stages.get(name, ())], postgres, CONTRACTS
        )
        for name, follows in FOLLOWS.items()
    )
    try:
        yield Platform(
            brands=Brands(postgres, settings.master_key, SEEDS),
            postgres=postgres,
            answers=Answers(postgres),
            redis=redis,
            graph=graph,
            live=live,
            wire=wire,
            clock=clock,
            keyring=keyring,
            intake=intake,
            transports=[Transport(line, postgres, intake, letter_box) for line in lines],
            progress=progress,
            rulebooks=rulebooks,
            checks=Checks(wire, live, rulebooks, Recorder(postgres, statements), progress.booked),
            contracts=CONTRACTS,
            jobs={job.name: job for room in rooms for job in room.jobs},
            rooms=rooms,
            metrics_token=settings.metrics_token,
            consumers=(*(consumer for room in rooms for consumer in room.consumers), *staged),
        )
    finally:
        await keyring.stop()
        await redis.aclose()
        await graph.close()
        await statements.close()
        await postgres.close()


def make_worker(parts: Platform) -> Worker:
    """The worker over open parts."""
    warm = [room.warm for room in parts.rooms if room.warm is not None]
    return Worker(parts.postgres, parts.redis, parts.consumers, list(parts.jobs.values()), parts.transports, warm)
