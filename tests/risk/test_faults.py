"""Real stores in bad states: a check always answers, with what was missing; all else says which store it is."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
import pytest
from neo4j.exceptions import Neo4jError
from redis.exceptions import ResponseError

from core import limits
from core.errors import Refusal
from core.stores.postgres import lock
from core.stores.queries import CypherQuery
from events.consumer import consumer_lock
from graph.store import reading as graph_store
from ops.wiring import CONTRACTS
from risk.flows import check as checks
from risk.reactions import FollowingWire
from risk.store.wire import Wire
from tests.platform import Running, Shop, order
from tests.risk.test_answers_kept import DATA, kept, stands
from tests.risk.test_checks import OWN, check, team
from tests.risk.test_outages import without

TIED: dict[str, Any] = {"promoter_id": "leaf", "phone": OWN["phone"]}


def with_options(installation: Running, **settings: str) -> str:
    """The address of Postgres, for connections with settings of their own."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return f"{installation.settings.postgres_url}?options={quote(options)}"


# --- Postgres -----------------------------------------------------------------------------------------------


async def test_a_postgres_that_takes_no_writes(installation: Running, shop: Shop) -> None:
    await team(shop)
    url = with_options(installation, default_transaction_read_only="on")
    async with without(installation, shop, postgres_url=url) as served:
        said = await check(served, "k", order("o", "b", promoter_id="leaf"))
        assert (said["outcome"], said["missing"]) == ("review", ["postgres"])
        refused = await served.call("POST", "/v1/events", "pipeline", json=[shop.events.registered("m")])
        assert (refused.status_code, refused.json()["code"]) == (503, "postgres_unavailable")
        body = {"kind": "phone", "value": "13700001111", "reason": "test"}
        refused = await served.call("POST", "/v1/risk/blacklist", "analyst", json=body)
        assert (refused.status_code, refused.json()["code"]) == (503, "postgres_unavailable")
        assert (await served.call("GET", "/v1/risk/blacklist", "analyst")).status_code == 200


async def test_a_postgres_that_ends_every_statement(installation: Running, shop: Shop) -> None:
    """A time-out so short that nobody knows which statement it meets."""
    await team(shop)
    url = with_options(installation, statement_timeout="1")
    async with without(installation, shop, postgres_url=url) as served:
        for number in range(20):
            body = {"check_id": f"k{number}", "stage": "order", "order": order(f"o{number}", "b")}
            answers = [
                await served.call("POST", "/v1/risk/checks", "pipeline", json=body),
                await served.call("GET", "/v1/ledger/trial-balance", "finance"),
                await served.call("GET", "/v1/members/leaf", "operator"),
            ]
            for answer in answers:
                assert answer.status_code in (200, 503), answer.text
                assert answer.status_code == 200 or answer.json()["code"] == "postgres_unavailable"


async def test_a_postgres_that_ends_every_connection(installation: Running, shop: Shop) -> None:
    await team(shop)
    url = f"{installation.settings.postgres_url}?application_name=ended"
    async with (
        without(installation, shop, postgres_url=url) as served,
        await psycopg.AsyncConnection.connect(installation.settings.postgres_url, autocommit=True) as owner,
    ):
        await check(served, "warm", order("o", "b"))
        for number in range(15):
            body = {"check_id": f"k{number}", "stage": "order", "order": order(f"o{number}", "b")}
            asking = [
                asyncio.create_task(served.call("POST", "/v1/risk/checks", "pipeline", json=body)),
                asyncio.create_task(served.call("GET", "/v1/ledger/trial-balance", "finance")),
            ]
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ended'"
            )
            said, read = await asyncio.gather(*asking)
            assert said.status_code == 200, said.text
            assert said.json()["outcome"] == ("review" if said.json()["missing"] else "allow")
            assert read.status_code in (200, 503), read.text


@asynccontextmanager
async def stopped(owner: psycopg.AsyncConnection[Any], name: str) -> AsyncIterator[None]:
    """The servers behind connections of a name stand still: they take what is sent to them, and do nothing."""
    found = await owner.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [name])
    pids = [pid for (pid,) in await found.fetchall()]
    if not pids or not all(psutil.pid_exists(pid) and "postgres" in psutil.Process(pid).name() for pid in pids):
        pytest.skip("Postgres runs elsewhere")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_a_postgres_that_stands_still(installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was sent it does when it goes on: an allow, after a review was answered. The review is what is kept."""
    await team(shop)
    url = f"{installation.settings.postgres_url}?application_name=stopped"
    async with (
        without(installation, shop, postgres_url=url) as served,
        await psycopg.AsyncConnection.connect(installation.settings.postgres_url, autocommit=True) as owner,
    ):
        # a simulated clock lies in Postgres, and only a real one is read while that stands still
        monkeypatch.setattr(limits, "CLOCK_KEEP_SECONDS", 3600.0)
        await check(served, "warm", order("o0", "b", promoter_id="leaf"))
        monkeypatch.setattr(limits, "CHECK_STORE_SECONDS_MAX", 0.5)
        async with stopped(owner, "stopped"), asyncio.timeout(60):
            said = await check(served, "k", DATA)
            assert (said["outcome"], said["missing"]) == ("review", ["postgres"])
            assert await check(served, "k", DATA) == said
        monkeypatch.undo()
        await kept(shop, said)
        await asyncio.sleep(limits.POOL_REST_SECONDS)
        await stands(served, said)


# --- Redis --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def full(redis: Any) -> AsyncIterator[None]:
    await redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        await redis.config_set("maxmemory", 0)


@asynccontextmanager
async def replica(redis: Any) -> AsyncIterator[None]:
    """Read only, of a master that is not there."""
    await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        await redis.execute_command("REPLICAOF", "NO", "ONE")


@pytest.mark.parametrize("state", [full, replica])
async def test_a_redis_that_takes_no_writes(installation: Running, shop: Shop, state: Any) -> None:
    """Checks say so, the books wait and hold nothing, and the wire is not taken for a broken one."""
    parts, e = installation.parts, shop.events
    await team(shop)
    async with without(installation, shop) as served:
        stood = (await parts.wire.stand(shop.brand)).seq
        async with state(parts.redis):
            said = await check(served, "k", order("o", "b", promoter_id="leaf", device_id="till"))
            assert (said["outcome"], said["missing"]) == ("review", ["redis"])
            (seq,) = await shop.accept(e.paid("p", "b", 10_000, promoter_id="leaf"))
            assert await parts.progress.reached(shop.brand, "graph", seq, 60)
            await asyncio.sleep(3 * limits.POLL_SECONDS)
            assert (await parts.wire.stand(shop.brand)).seq == stood
            assert (await shop.call("GET", "/v1/orders/p", "auditor")).status_code == 404
        await shop.drain()
        assert (await shop.outcome(seq))["ledger"] == "applied"
        assert await shop.balances("leaf") == {"pending_fen": 1_000}


async def test_a_redis_that_pauses(installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await team(shop)
    monkeypatch.setattr(limits, "CHECK_WIRE_SECONDS_MAX", 0.25)
    async with without(installation, shop) as served:
        await check(served, "warm", order("o0", "b"))
        redis: Any = installation.parts.redis
        await redis.execute_command("CLIENT", "PAUSE", "1500", "ALL")
        said = await check(served, "k", order("o", "b", promoter_id="leaf"))
        assert (said["outcome"], said["missing"]) == ("review", ["redis"])
        monkeypatch.undo()
        await asyncio.sleep(3)
        assert (await check(served, "k2", order("o2", "b", promoter_id="leaf")))["missing"] == []


# --- Neo4j --------------------------------------------------------------------------------------------------


@contextmanager
def silence() -> Iterator[int]:
    """A port where somebody listens and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


async def test_a_neo4j_that_is_silent(installation: Running, shop: Shop) -> None:
    await team(shop)
    with silence() as port:
        async with without(installation, shop, neo4j_url=f"bolt://127.0.0.1:{port}") as served:
            said = await check(served, "k", order("o", "b", **TIED))
            assert (said["outcome"], said["missing"]) == ("review", ["neo4j"])
            read = await served.call("GET", "/v1/members/leaf", "operator")
            assert (read.status_code, read.json()["code"]) == (503, "neo4j_unavailable")


async def test_evidence_that_takes_too_long(installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends it, or the check gives it up: it is Neo4j that is missing, and what the wire knows is shown."""
    await team(shop)
    for number, seconds in enumerate((0.001, 0.002, 0.003, 0.005, 0.01)):
        monkeypatch.setattr(limits, "CHECK_GRAPH_SECONDS_MAX", seconds)
        said = await check(shop, f"k{number}", order(f"o{number}", "b", **TIED))
        assert said["outcome"] == "review" and set(said["missing"]) <= {"neo4j"}
        assert said["reasons"][0]["evidence"]


async def test_a_transaction_that_is_killed(installation: Running) -> None:
    graph = installation.parts.graph
    endless = "UNWIND range(1, 10000000000) AS endless WITH endless WHERE endless % 7 = 8 RETURN count(endless)"

    async def read() -> None:
        async with graph.reading(60) as tx:
            await (await tx.run(endless)).consume()

    async def kill() -> None:
        killed: list[Any] = []
        while not killed:
            async with graph._driver.session() as session:
                shown = await session.run(
                    "SHOW TRANSACTIONS YIELD transactionId, currentQuery"
                    " WHERE currentQuery STARTS WITH 'UNWIND range(1, 10000000000)' RETURN transactionId"
                )
                for (transaction,) in await shown.values():
                    ended = await session.run("TERMINATE TRANSACTION $id", id=transaction)
                    killed += await ended.values()

    with pytest.raises(Refusal) as refused:
        await asyncio.gather(read(), kill())
    assert (refused.value.status, refused.value.code) == (503, "neo4j_unavailable")


CODES = {
    "Neo.TransientError.Transaction.Terminated": 503,
    "Neo.ClientError.Transaction.TransactionTimedOut": 503,
    "Neo.TransientError.General.DatabaseUnavailable": 503,
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": 503,
    "Neo.ClientError.Statement.SyntaxError": 500,
}


@pytest.mark.parametrize("code", CODES)
async def test_whatever_neo4j_says_a_check_answers(shop: Shop, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """And a read says 503 but for a defect."""
    await team(shop)

    async def failing(*_: Any, **__: Any) -> Any:
        raise Neo4jError._hydrate_neo4j(code=code, message="x")

    with monkeypatch.context() as patched:
        patched.setattr(graph_store.TIES, "run", failing)
        said = await check(shop, "k", order("o", "b", **TIED))
    assert (said["outcome"], said["missing"]) == ("review", ["neo4j"])
    assert said["reasons"][0]["evidence"]
    with monkeypatch.context() as patched:
        patched.setattr(graph_store.PROFILE, "one", failing)
        read = await shop.call("GET", "/v1/members/leaf", "operator")
    assert read.status_code == CODES[code], read.text
    assert read.json()["code"] == ("neo4j_unavailable" if read.status_code == 503 else "internal")
    assert isinstance(graph_store.TIES, CypherQuery)


async def test_a_broken_wire_is_one_brands_own(
    installation: Running, shop: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checks of both come in one batch: one brand has a review that says why, the other what it would have had."""
    redis: Any = installation.parts.redis
    for brand in (shop, other_shop):
        await team(brand)
    key = f"trefoil:{{{other_shop.brand}}}:listed"
    errors: list[dict[str, Any]] = []
    monkeypatch.setattr(checks._logger, "error", lambda words, **more: errors.append({"words": words, **more}))
    async with without(installation, shop) as served:
        other = Shop(other_shop.brand, other_shop.keys, served.http, other_shop.parts)
        await redis.set(key, "what no script ever wrote")
        for number in range(5):
            theirs, ours = await asyncio.gather(
                *(check(one, f"k{number}", order(f"o{number}", "b")) for one in (other, served))
            )
            assert (theirs["outcome"], theirs["missing"]) == ("review", ["redis"])
            assert (ours["outcome"], ours["missing"]) == ("allow", [])
        assert {(error["words"], error["brand"]) for error in errors} == {("a wire is broken", other.brand)}
        await redis.delete(key)
        await asyncio.sleep(checks._WIRE_REST_SECONDS)
        assert (await check(other, "mended", order("o", "b")))["outcome"] == "allow"


async def test_a_redis_that_lost_its_scripts_is_given_them_again(installation: Running, shop: Shop) -> None:
    await team(shop)
    redis: Any = installation.parts.redis
    await redis.script_flush()
    asked = (check(shop, f"k{number}", order(f"o{number}", "b")) for number in range(3))
    assert [(said["outcome"], said["missing"]) for said in await asyncio.gather(*asked)] == [("allow", [])] * 3


async def test_a_wire_that_breaks_at_one_place_is_mended_every_time(installation: Running, shop: Shop) -> None:
    parts = installation.parts
    await team(shop)
    stage = FollowingWire(parts.wire, CONTRACTS, parts.clock)
    stands = (await parts.wire.stand(shop.brand)).seq
    redis: Any = parts.redis
    async with parts.postgres.brand(shop.brand) as conn:
        await lock(conn, consumer_lock(shop.brand, "ledger"))  # the installation's own worker waits
        for _ in range(3):
            await redis.hset(f"trefoil:{{{shop.brand}}}:w", "seq", "nonsense")
            assert not await stage.ready(conn, shop.brand, stands)
            while not await stage.ready(conn, shop.brand, stands):
                pass
            assert (await parts.wire.stand(shop.brand)).seq == stands


async def test_a_wire_that_stays_broken_sets_no_event_aside(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The books wait and say so, longer than an event is tried; then they go on."""
    await team(shop)
    apply, tries = Wire.apply, 0

    async def broken(self: Wire, brand: str, *rest: Any) -> int:
        nonlocal tries
        if brand != shop.brand:
            return await apply(self, brand, *rest)
        tries += 1
        raise ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")

    with monkeypatch.context() as patched:
        patched.setattr(Wire, "apply", broken)
        patched.setattr(limits, "AWAY_SECONDS_MAX", 1.0)
        (seq,) = await shop.accept(shop.events.paid("o", "b", 10_000, promoter_id="leaf"))
        for _ in range(600):
            if tries >= 30:
                break
            await asyncio.sleep(limits.POLL_SECONDS)
        told = await shop.get("/v1/ops/consumers", "admin")
        (books,) = [item for item in told["items"] if item["consumer"] == "ledger"]
        assert (told["set_aside"], books["trouble"]["trouble"]) == ([], "waiting")
        assert "WireLost" in books["trouble"]["detail"]
        ready = await shop.call("GET", "/readyz", None)
        assert ready.json()["consumers"]["ledger"]["brands_troubled"] >= 1
    await shop.drain()
    assert (await shop.outcome(seq))["ledger"] == "applied"
    assert await shop.balances("leaf") == {"pending_fen": 1_000}
    told = await shop.get("/v1/ops/consumers", "admin")
    assert all(item["trouble"] is None for item in told["items"])
