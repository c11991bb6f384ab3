"""An installation of an earlier version is carried over: its rows and its graph, as they were, and all goes on.

``carried.json`` holds what the version before consumers were made of stages kept of a small shop: the rows of every
table, the nodes and edges of the graph, and what it said of itself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
import pytest
import pytest_asyncio

from api.platform import Platform
from core import limits
from core.stores.migrations import migrate
from core.stores.neo4j import Graph
from core.stores.queries import ROOT, sql
from events import log
from events.room import Unwatched
from evidence.verify import verify
from ledger.flows import read as ledger
from ops.wiring import make_worker, open_platform
from privacy.kinds import KINDS
from risk.domain.rulebook import DEFAULT_RULES
from risk.store import decisions as risk
from tests.platform import Events, Running

BRAND: Final = "carried"
KEPT: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "carried.json").read_text(encoding="utf-8"))
_THEN: Final = ("0001_installation_and_log", "0002_ledger", "0003_risk")
_PREPARE, _MARK = sql("core/migrations_prepare"), sql("core/migrations_mark")


@pytest_asyncio.fixture
async def carried(installation: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    """The old installation in a database of its own, migrated, with a worker of this version."""
    monkeypatch.setattr(limits, "WARM_ROUNDS", 0)
    address = urlsplit(installation.settings.postgres_url)
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url, autocommit=True) as owner:
        await owner.execute(f"DROP DATABASE IF EXISTS {BRAND}".encode())
        await owner.execute(f"CREATE DATABASE {BRAND}".encode())
    url = address._replace(path=f"/{BRAND}").geturl()
    await _rows(url)
    await _graph(installation.parts.graph)
    ran = await migrate(url)
    assert ran and not set(ran) & set(_THEN)
    async with open_platform(installation.settings.model_copy(update={"postgres_url": url})) as parts:
        await parts.progress.start()
        worker = asyncio.create_task(make_worker(parts).run())
        try:
            yield parts
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            await parts.progress.stop()


async def _rows(url: str) -> None:
    """The schema as it was then, and every row."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await _PREPARE.run(conn)
        for name in _THEN:
            text = (ROOT / "sql" / "migrations" / f"{name}.sql").read_bytes()
            await conn.execute(text)
            await _MARK.run(conn, name=name, digest=hashlib.sha256(text).digest())
        await conn.execute("SET session_replication_role = replica")  # rows come in no order of their own
        for table, rows in KEPT["postgres"].items():
            columns = ", ".join(rows[0]) if rows else ""
            into, out_of = f"INTO {table} ({columns})", f"jsonb_populate_recordset(NULL::{table}, %s)"
            statement = " ".join(["INSERT", into, "OVERRIDING SYSTEM VALUE SELECT", columns, "FROM", out_of])
            if rows:
                await conn.execute(statement.encode(), [json.dumps([_for_postgres(row) for row in rows])])


def _for_postgres(value: Any) -> Any:
    match value:
        case {"$bytes": text}:
            return "\\x" + base64.b64decode(text).hex()
        case {"$at": text}:
            return text
        case dict():
            return {key: _for_postgres(item) for key, item in value.items()}
        case list():
            return [_for_postgres(item) for item in value]
    return value


async def _graph(graph: Graph) -> None:
    async with graph.writing() as tx:
        text = "MATCH (n) WHERE n.key STARTS WITH $brand DETACH DELETE n"
        await (await tx.run(text, brand=BRAND)).consume()
        ids = []
        for node in KEPT["nodes"]:
            text = f"CREATE (n:{':'.join(node['labels'])}) SET n = $props RETURN elementId(n) AS id"
            row = await (await tx.run(text, props=_for_neo4j(node["props"]))).single()
            assert row is not None
            ids.append(row["id"])
        for edge in KEPT["edges"]:
            text = (
                "MATCH (a) WHERE elementId(a) = $a MATCH (b) WHERE elementId(b) = $b "
                f"CREATE (a)-[r:{edge['type']}]->(b) SET r = $props"
            )
            await (await tx.run(text, a=ids[edge["a"]], b=ids[edge["b"]], props=_for_neo4j(edge["props"]))).consume()


def _for_neo4j(value: Any) -> Any:
    match value:
        case {"$at": text}:
            return datetime.fromisoformat(text)
        case dict():
            return {key: _for_neo4j(item) for key, item in value.items()}
        case list():
            return [_for_neo4j(item) for item in value]
    return value


async def compared(parts: Platform) -> Mapping[str, Any]:
    """What the comparison of the brand finds."""
    return await parts.jobs["consistency"].run(BRAND, {}, Unwatched())


async def test_an_earlier_installation_is_carried_over(carried: Platform) -> None:
    said, events = KEPT["said"], Events("after")

    async def tell(*told: dict[str, Any]) -> None:
        taken = await carried.intake.take(BRAND, told, "http")
        assert {one.status for one in taken} == {"accepted"}
        for consumer in carried.consumers:
            assert await carried.progress.reached(BRAND, consumer.name, taken[-1].seq or 0, 30)

    async with carried.postgres.brand(BRAND) as conn:
        assert (await log.verify(conn, BRAND)).head_hash == said["log_head"]
        books = await verify(carried.postgres, carried.keyring, BRAND)
        assert (books.findings, books.journals, books.head_hash) == ([], said["journals"], said["head_hash"])
        assert books.content_hash == said["content_hash"]
        for member_id, balances in said["balances"].items():
            assert asdict(await ledger.balances(conn, member_id, await carried.clock.now())) == balances
    await tell(events.registered("new"))  # whatever must be made anew has been by now
    await carried.jobs["rebuild_wire"].run(BRAND, {}, Unwatched())
    found = await compared(carried)
    assert found["ok"], found["differences"]
    assert (found["graph"]["members"], found["graph"]["edges"]) == (
        said["graph"]["members"] + 1,
        said["graph"]["edges"],
    )
    assert found["ledger"] == said["ledger"]

    # it goes on: who was bound is bound, what waited is applied, an old order is known
    await tell(
        events.paid("o9", "c1", 10_000, days=31),
        events.paid("later", "c2", 1_000, days=1),
        events.refunded("r2", "o2", 32, line_1=5_000),
    )
    async with carried.postgres.brand(BRAND) as conn:
        order = await ledger.order(conn, "o9")
        assert order is not None
        assert [person.member_id for person in order.order.chain] == ["leaf", "root"]
        waited = await ledger.order(conn, "later")
        assert waited is not None and [line.refunded_fen for line in waited.order.lines] == [100]
    assert (await verify(carried.postgres, carried.keyring, BRAND)).findings == []
    assert (await compared(carried))["ok"]


async def test_a_graph_made_anew_from_an_earlier_log_has_the_same_hash(carried: Platform) -> None:
    await carried.jobs["rebuild_graph"].run(BRAND, {}, Unwatched())
    found = await compared(carried)
    assert found["ok"] and found["graph"] == KEPT["said"]["graph"]


async def test_rules_and_identifiers_are_those_of_now(carried: Platform) -> None:
    """A brand that is decided by the platform's rules is decided by today's; who has what is known from the log."""
    async with carried.postgres.brand(BRAND) as conn:
        row = await risk.live_rulebook(conn, BRAND)
        assert (row.version, row.rules) == (2, [asdict(rule) for rule in DEFAULT_RULES])
        found = await conn.execute("SELECT member_id, kind, token FROM member_identifier")
        known = set(await found.fetchall())
    told = {
        (event["data"]["member_id"], one["kind"], one["value"]["token"])
        for event in KEPT["postgres"]["event_log"]
        if event["type"] == "member.identified.v1"
        for one in event["data"]["identifiers"]
        if KINDS[one["kind"]].listable
    }
    assert told and known == told
