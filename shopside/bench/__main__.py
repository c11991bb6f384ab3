"""``python -m shopside.bench``: the smoke benchmark, about a minute on two cores.

It starts an installation of its own in a temporary folder, runs a seeded shop through the public API and through the
peers, asserts that both gave the same answers, and only then compares times. Ratios hold on a busy machine; absolute
figures do not.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from core.clock import wall_now
from shopside.bench.load import Connection, Slice, Target, cpu_seconds, open_loop, saturate
from shopside.bench.peers import plain
from shopside.bench.report import Report
from shopside.bench.world import World, make_world
from shopside.client import read_credentials

BATCH = 1_000
CLIENTS = 8
WARM_SHARE = 3
PATIENCE_SECONDS = 300.0
LISTEN_BACKLOG = 2048
"""As uvicorn takes it for the platform."""


@dataclass(frozen=True, slots=True)
class Running:
    """The installation under test and the peers beside it."""

    api: str
    peer: str
    postgres: str
    peer_postgres: str
    pids: dict[str, int]
    keys: dict[str, str]

    @property
    def stores(self) -> tuple[int, ...]:
        """The processes of the three stores."""
        return tuple(self.pids[name] for name in ("postgres", "redis", "neo4j"))


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m shopside.bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=6_000, help="orders in the stream")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one slice of load")
    parser.add_argument("--rounds", type=int, default=3, help="slices per endpoint; the median counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="append JSON lines to this file")
    chosen = parser.parse_args()
    world = make_world(chosen.seed, wall_now(), distributors=300, customers=1_200, orders=chosen.orders, questions=400)
    report = Report(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="trefoil-bench-") as folder, _installation(Path(folder), world) as running:
        asyncio.run(_measure(running, world, report, seconds=chosen.seconds, rounds=chosen.rounds))
    print(report.markdown())
    if chosen.json:
        with chosen.json.open("a", encoding="utf-8") as lines:
            lines.write(report.json_lines() + "\n")


@contextmanager
def _installation(data: Path, world: World) -> Iterator[Running]:
    try:
        _trefoil("up", data, "--clock", "real")
        parts = json.loads(_trefoil("status", data, "--json"))["services"]
        credentials = read_credentials(data, "demo")
        postgres = parts["postgres"]["url"]
        peer_postgres = asyncio.run(plain.prepare(postgres, world))
        with _peers(peer_postgres) as (peer, peer_pid):
            pids = {name: part["pid"] for name, part in parts.items()} | {"peer": peer_pid}
            yield Running(credentials.base_url, peer, postgres, peer_postgres, pids, credentials.keys)
    finally:
        _trefoil("down", data)


def _trefoil(command: str, data: Path, *options: str) -> str:
    """Run the platform's command, as a shop's machine would; what it printed."""
    trefoil = str(Path(sys.executable).with_name("trefoil"))
    words = [trefoil, command, "--data", str(data), *options]
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603 -- our own command


@contextmanager
def _peers(postgres_url: str) -> Iterator[tuple[str, int]]:
    """The peers' server, answering; its address and process id."""
    # Bound here and handed down: no other program can take the port, and early requests wait instead of failing.
    with socket.create_server(("127.0.0.1", 0), backlog=LISTEN_BACKLOG) as listener:
        peer = subprocess.Popen(  # noqa: S603 -- our own module
            [sys.executable, "-m", "shopside.bench.peers.server", str(listener.fileno())],
            env=os.environ | {"BENCH_POSTGRES_URL": postgres_url},
            pass_fds=[listener.fileno()],
        )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        asyncio.run(_wait_for(url))
        yield url, peer.pid
    finally:
        peer.terminate()
        peer.wait()


async def _wait_for(url: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        connection = await Connection.open(url, "")
        await _json(connection, "POST", "/empty/checks", b'{"check_id": "first", "stage": "order", "order": {}}')
        connection.close()


async def _measure(running: Running, world: World, report: Report, *, seconds: float, rounds: int) -> None:
    pipeline = await Connection.open(running.api, running.keys["pipeline"])
    admin = await Connection.open(running.api, running.keys["admin"])
    orders = list(world.order_events())
    warm = len(orders) // WARM_SHARE  # a JVM and fresh tables are slow at first; that is no shop's everyday
    for body in _bodies([*world.events(), *orders[:warm]]):
        await _send(pipeline, body)
    await _json(admin, "POST", "/v1/ops/drain", b"{}")
    await plain.sell(running.peer_postgres, world.orders[:warm], clients=CLIENTS)
    last_seq = await _intake(running, orders[warm:], report, pipeline)
    await _books(running, world, warm, report, pipeline, last_seq)
    await _json(admin, "POST", "/v1/ops/drain", b"{}")
    await _checks(running, world, report, seconds=seconds, rounds=rounds)
    pipeline.close()
    admin.close()


def _bodies(events: list[dict[str, Any]]) -> list[bytes]:
    return [orjson.dumps(events[start : start + BATCH]) for start in range(0, len(events), BATCH)]


async def _json(connection: Connection, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
    status, answer = await connection.ask(method, path, body)
    assert status == 200, answer[:500]
    found: dict[str, Any] = orjson.loads(answer)
    return found


async def _send(connection: Connection, body: bytes) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await _json(connection, "POST", "/v1/events", body))["items"]
    assert all(item["status"] in ("accepted", "duplicate") for item in items), items
    return items


# --- intake -------------------------------------------------------------------------------------------------


async def _intake(running: Running, events: list[dict[str, Any]], report: Report, pipeline: Connection) -> int:
    """Events per second into the log, the worker halted, so that nothing else is measured; the last event's number."""
    bodies = _bodies(events)
    os.kill(running.pids["worker"], signal.SIGSTOP)
    used, began = cpu_seconds([running.pids["api"]]), time.perf_counter()
    answered = [await _send(pipeline, body) for body in bodies]
    ours = time.perf_counter() - began
    used = cpu_seconds([running.pids["api"]]) - used
    assert Counter(item["status"] for items in answered for item in items) == {"accepted": len(events)}
    assert [item["seq"] for item in await _send(pipeline, bodies[0])] == [item["seq"] for item in answered[0]]

    empty = await Connection.open(running.peer, "")
    used_empty, began = cpu_seconds([running.pids["peer"]]), time.perf_counter()
    for body in bodies:
        await _json(empty, "POST", "/empty/events", body)
    nothing = time.perf_counter() - began
    used_empty = cpu_seconds([running.pids["peer"]]) - used_empty
    empty.close()
    batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
    inserted = await plain.insert_events(running.peer_postgres, batches)

    count = len(events)
    rate = count / ours
    report.add("intake, batches of 1,000", "empty endpoint", count / nothing, "events/s")
    report.add("intake, batches of 1,000", "plain SQL insert", count / inserted, "events/s")
    report.add("intake, batches of 1,000", "trefoil", rate, "events/s", over=("plain SQL insert", count / inserted))
    report.add("intake, CPU of the API", "empty endpoint", used_empty / count * 1e6, "µs/event")
    report.add(
        "intake, CPU of the API",
        "trefoil",
        used / count * 1e6,
        "µs/event",
        over=("empty endpoint", used_empty / count * 1e6),
    )
    return int(answered[-1][-1]["seq"])


# --- graph and ledger ---------------------------------------------------------------------------------------


async def _books(
    running: Running, world: World, warm: int, report: Report, pipeline: Connection, last_seq: int
) -> None:
    """Orders per second into the graph and to visible journals, all of the worker's books running at once."""
    worker = running.pids["worker"]
    used, began = cpu_seconds([worker]), time.perf_counter()
    os.kill(worker, signal.SIGCONT)
    reached: dict[str, float] = {}
    while len(reached) < 2:
        assert time.perf_counter() - began < PATIENCE_SECONDS, f"only {sorted(reached)} reached the log's end"
        outcome = (await _json(pipeline, "GET", f"/v1/events/{last_seq}"))["outcome"]
        for book in {"graph", "ledger"} - reached.keys():
            if outcome[book] != "pending":
                reached[book] = time.perf_counter() - began
        await asyncio.sleep(0.02)
    used = cpu_seconds([worker]) - used
    sold = await plain.sell(running.peer_postgres, world.orders[warm:], clients=CLIENTS)
    await _same_commissions(running, world)
    count = len(world.orders) - warm
    report.add("orders into the graph", "trefoil", count / reached["graph"], "orders/s")
    report.add("orders to visible journals", "plain SQL brokerage", count / sold, "orders/s")
    report.add(
        "orders to visible journals",
        "trefoil",
        count / reached["ledger"],
        "orders/s",
        over=("plain SQL brokerage", count / sold),
    )
    report.add("graph and ledger, CPU of the worker", "trefoil", used / count * 1e6, "µs/order")


async def _same_commissions(running: Running, world: World) -> None:
    finance = await Connection.open(running.api, running.keys["finance"])
    owed = await plain.balances(running.peer_postgres)
    for person in world.people:
        if person.distributor:
            balance = await _json(finance, "GET", f"/v1/ledger/members/{person.member_id}")
            assert balance["pending_fen"] == owed.get(person.member_id, 0), (person, balance)
            assert balance["held_fen"] == 0, (person, balance)
    trial = await _json(finance, "GET", "/v1/ledger/trial-balance")
    assert trial["total_fen"] == 0, trial
    finance.close()


# --- checks -------------------------------------------------------------------------------------------------


async def _checks(running: Running, world: World, report: Report, *, seconds: float, rounds: int) -> None:
    """Risk checks against an empty endpoint and against the same check in one SQL statement, behind the same HTTP."""
    ours = Target(
        "trefoil", running.api, "/v1/risk/checks", running.keys["pipeline"], running.pids["api"], running.stores
    )
    in_sql = Target("plain SQL check", running.peer, "/sql/checks", "", running.pids["peer"], running.stores)
    empty = Target("empty endpoint", running.peer, "/empty/checks", "", running.pids["peer"])
    outcomes = await _same_outcomes(ours, in_sql, world)
    tied = sum(count for outcome, count in outcomes.items() if outcome != "allow")
    report.add("checks answered alike", "trefoil and plain SQL", outcomes.total(), f"checks, {tied} not allowed")

    asked = _questions(world)
    most = {
        target.name: await saturate(target, asked, seconds=seconds, clients=CLIENTS) for target in (empty, in_sql, ours)
    }
    half = most["trefoil"].per_second / 2
    slices: dict[str, list[Slice]] = {target.name: [] for target in (empty, in_sql, ours)}
    for _ in range(rounds):
        for target in (empty, in_sql, ours):
            rate = min(half, most[target.name].per_second / 2)
            slices[target.name].append(await open_loop(target, asked, per_second=rate, seconds=seconds))
    assert not any(part.failures for part in (*most.values(), *itertools.chain(*slices.values()))), most

    def median(name: str, of: Callable[[Slice], float]) -> float:
        return statistics.median(map(of, slices[name]))

    for name in (empty.name, in_sql.name, ours.name):
        peer = None if name != ours.name else (in_sql.name, most[in_sql.name].per_second)
        report.add("checks, closed loop", name, most[name].per_second, "checks/s", over=peer)
    for measure, unit, of in (
        ("checks, CPU of the API process", "µs/check", lambda part: part.cpu_us),
        ("checks, CPU with the stores", "µs/check", lambda part: part.cpu_all_us),
        ("checks, open loop p50", "ms", lambda part: part.p50_ms),
        ("checks, open loop p99", "ms", lambda part: part.p99_ms),
    ):
        for name in (empty.name, in_sql.name, ours.name):
            peer = None if name == empty.name else (empty.name, median(empty.name, of))
            report.add(measure, name, median(name, of), unit, over=peer)


async def _same_outcomes(ours: Target, in_sql: Target, world: World) -> Counter[str]:
    one, other = await Connection.open(ours.url, ours.key), await Connection.open(in_sql.url, "")
    outcomes: Counter[str] = Counter()
    for question in world.questions:
        body = _check(f"same-{question['order_id']}", question)
        mine = await _json(one, "POST", ours.path, body)
        theirs = await _json(other, "POST", in_sql.path, body)
        assert mine["outcome"] == theirs["outcome"], (question, mine, theirs)
        assert not mine["missing"], mine
        outcomes[mine["outcome"]] += 1
    one.close()
    other.close()
    assert set(outcomes) == {"allow", "review", "block"}, outcomes
    return outcomes


def _questions(world: World) -> Callable[[], bytes]:
    """Bodies of untied buyers' checks, each a new check of a new order."""
    numbers = itertools.count(1)
    orders = world.orders

    def body() -> bytes:
        number = next(numbers)
        order = orders[number % len(orders)]
        return _check(f"c{number}", order | {"order_id": f"asked-{number}"})

    return body


def _check(check_id: str, order: dict[str, Any]) -> bytes:
    return orjson.dumps({"check_id": check_id, "stage": "order", "order": order})


if __name__ == "__main__":
    main()
