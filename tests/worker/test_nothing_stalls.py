"""Nothing stalls a brand, and no brand another: work bounded by cost, poison, divergence, half-done rebuilds, waits."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from core import limits
from core.stores.neo4j import Graph
from core.stores.postgres import lock
from events import log
from events.consumer import Budget, consumer_lock
from events.room import Unwatched
from graph.flows import follow
from graph.flows.project import project
from ledger import reactions as ledger_reactions
from tests.graph.test_projector_tree import team
from tests.platform import Running, Shop
from worker.consistency import Comparison


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, order_id: str) -> Iterator[None]:
    """While it lasts, a step of the worker breaks on one order, as a defect would."""
    real = getattr(module, name)

    def broken(one: Any, *rest: Any) -> Any:
        if getattr(one.fact, "order_id", None) == order_id:
            raise ZeroDivisionError(f"a defect that {order_id} meets")
        return real(one, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, broken)
        yield


async def ready(shop: Shop) -> Any:
    """What the platform says of its consumers."""
    answer = await shop.call("GET", "/readyz", None)
    return answer.json()["consumers"]


# --- work is bounded by what it costs -------------------------------------------------------------------------------


async def test_a_stretch_is_bounded_by_lines_not_by_events(shop: Shop) -> None:
    e, fen = shop.events, [100] * 1_000
    await team(shop)
    seqs = [seq for n in range(12) for seq in await shop.accept(e.paid(f"big{n}", "c1", *fen, promoter_id="leaf"))]
    async with shop.parts.postgres.brand(shop.brand) as conn:
        stretch = await log.read(conn, shop.brand, seqs[0] - 1, seqs[-1], Budget())
        one = await log.read(conn, shop.brand, seqs[0] - 1, seqs[-1], Budget(1_000, 1))
    assert len(stretch) == limits.STRETCH_COST_MAX // (1 + 3 * 1_000 + len(json.dumps(stretch[0].data)) // 1_000)
    assert [event.seq for event in one] == [seqs[0]]  # at least one, whatever it costs
    await shop.drain()
    assert (await shop.balances("leaf"))["pending_fen"] == 12 * 1_000 * 10
    assert (await shop.get("/v1/ledger/verify", "finance"))["ok"]


async def test_small_facts_about_big_orders_are_booked_in_pieces(shop: Shop) -> None:
    e, fen = shop.events, [100] * 1_000
    await team(shop)
    for n in range(10):
        await shop.accept(e.paid(f"big{n}", "c1", *fen, promoter_id="leaf"))
    await shop.tell(*(e.refunded("r", f"big{n}", 2, line_1=100, line_1000=50) for n in range(10)))
    assert (await shop.balances("leaf"))["pending_fen"] == 10 * (10_000 - 15)


async def test_what_waits_for_an_order_is_applied_in_pieces(shop: Shop) -> None:
    """More lines wait in refunds than are ever held at once."""
    e = shop.events
    await team(shop)
    refund: dict[str, Any] = {f"line_{n}": 1 for n in range(1, 1_001)}
    for n in range(8):
        await shop.accept(e.refunded(f"r{n}", "late", 3, **refund))
    await shop.drain()
    seqs = await shop.accept(e.paid("late", "c1", *[1_000] * 1_000, promoter_id="leaf"), e.completed("late", 4))
    await shop.drain()
    order = await shop.get("/v1/orders/late")
    assert {line["refunded_fen"] for line in order["lines"]} == {8} and order["completed_at"] is not None
    assert {(await shop.outcome(seq))["ledger"] for seq in seqs} == {"applied"}
    assert (await shop.balances("leaf"))["pending_fen"] == 1_000 * (100 - 1)  # 10 % of 992 fen, rounded half up


async def test_sums_of_the_largest_orders_do_not_overflow(shop: Shop) -> None:
    e = shop.events
    await team(shop)
    async with shop.parts.graph.writing() as tx:
        text = (
            "MATCH (b:Member {key: $b}), (u:Member {key: $u}) CREATE (b)-[:BOUGHT_THROUGH {times: 1, "
            "paid_fen: 9223372036854775000, first_seen: datetime(), last_seen: datetime()}]->(u)"
        )
        await (await tx.run(text, b=f"{shop.brand}|c1", u=f"{shop.brand}|leaf")).consume()
    most = [limits.LINE_FEN_MAX] * (limits.ORDER_FEN_MAX // limits.LINE_FEN_MAX)
    assert await shop.tell(e.paid("most", "c1", *most, promoter_id="leaf"), e.paid("o", "c1")) == [None, None]
    assert (await shop.balances("leaf"))["pending_fen"] == limits.ORDER_FEN_MAX // 10 + 5_000


# --- poison -----------------------------------------------------------------------------------------------------------


async def test_an_event_the_books_cannot_take_is_set_aside_and_replayed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    e = shop.events
    await team(shop)
    with failing(monkeypatch, ledger_reactions, "_paid", "bad"):
        seqs = await shop.accept(
            e.paid("before", "c1", promoter_id="leaf"),
            e.paid("bad", "c1", 10_000, promoter_id="leaf"),
            e.paid("after", "c1", promoter_id="leaf"),
            e.refunded("r", "bad", 2, line_1=4_000),
        )
        await shop.drain()
    outcomes = [await shop.outcome(seq) for seq in seqs]
    assert [(o["graph"], o["ledger"]) for o in outcomes] == [
        ("applied", "applied"),
        ("applied", "failed"),
        ("applied", "applied"),
        ("none", "parked"),  # what depends on it waits, and is seen to wait
    ]
    assert await shop.balances("leaf") == {"pending_fen": 10_000}
    assert (await ready(shop))["ledger"]["events_set_aside"] >= 1
    told = await shop.get("/v1/ops/consumers", "admin")
    assert [(one["seq"], one["consumer"]) for one in told["set_aside"]] == [(seqs[1], "ledger")]
    assert "ZeroDivisionError" in told["set_aside"][0]["error"]  # its kind and place; its words may quote anything
    found = await shop.get("/v1/consistency")
    assert found["graph"] == found["log"] and not found["ok"]  # an order that is in the log and in no book is said
    assert {"consumer": "ledger", "set_aside": 1} in found["differences"]

    assert (await shop.call("POST", f"/v1/events/{seqs[0]}/replay", "admin", json={"reason": "x"})).status_code == 404
    await shop.post(f"/v1/events/{seqs[1]}/replay", "admin", {"reason": "mended"}, 202)
    await shop.drain()
    assert [(await shop.outcome(seq))["ledger"] for seq in seqs] == ["applied", "applied", "applied", "applied"]
    assert await shop.balances("leaf") == {"pending_fen": 10_000 + 1_000 - 400}
    # once is enough
    assert (await shop.call("POST", f"/v1/events/{seqs[1]}/replay", "admin", json={"reason": "x"})).status_code == 404
    again = await shop.get("/v1/ops/consumers", "admin")
    assert again["set_aside"] == [] and all(item["trouble"] is None for item in again["items"])
    assert (await shop.get("/v1/consistency"))["ok"]


async def test_an_event_the_graph_cannot_take_is_set_aside_and_replayed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    e = shop.events
    await team(shop)
    with failing(monkeypatch, follow, "graph_fact", "bad"):
        seqs = await shop.accept(
            e.paid("bad", "c1", 10_000, promoter_id="leaf"), e.paid("after", "c1", promoter_id="leaf")
        )
        await shop.drain()
        assert [(await shop.outcome(seq))["graph"] for seq in seqs] == ["failed", "applied"]
        assert [(await shop.outcome(seq))["ledger"] for seq in seqs] == ["failed", "applied"]
        # a replay that fails is set aside like any other event, and can be replayed in turn
        replay = (await shop.post(f"/v1/events/{seqs[0]}/replay", "admin", {"reason": "too early"}, 202))["seq"]
        await shop.drain()
        assert (await shop.outcome(replay))["graph"] == "failed"
    await shop.post(f"/v1/events/{replay}/replay", "admin", {"reason": "mended"}, 202)
    await shop.drain()
    assert [(await shop.outcome(seq))["graph"] for seq in (seqs[0], replay)] == ["applied", "applied"]
    assert await shop.balances("leaf") == {"pending_fen": 6_000}
    assert (await shop.get("/v1/ops/consumers", "admin"))["set_aside"] == []
    before = await shop.get("/v1/consistency")
    assert before["ok"]
    # whoever reads the log again meets the order where it was dealt with
    await shop.post("/v1/ops/run", "admin", {"job": "rebuild_graph"})
    assert await shop.get("/v1/consistency") == before


# --- watermarks have identity ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [0, 1])
async def test_a_graph_of_another_log_is_said_and_made_anew(installation: Running, shop: Shop, ahead: int) -> None:
    """As after a Postgres that came back older: the graph stands at a number the log has not, or has otherwise."""
    e = shop.events
    await team(shop)
    await shop.tell(e.bound("c1", "leaf"))
    whole = await shop.get("/v1/consistency")
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await lock(conn, consumer_lock(shop.brand, "graph"))  # the worker waits at the door
        async with installation.parts.graph.writing() as tx:
            text = (
                "MATCH (w:Watermark {key: $key}) SET w.seq = w.seq + $ahead, w.log_hash = 'ff' "
                "WITH w MATCH (m:Member {key: $member}) CREATE (m)-[:BOUND_TO {seq: 99}]->(m)"
            )
            await (await tx.run(text, key=shop.brand, ahead=ahead, member=f"{shop.brand}|c2")).consume()
    codes = await shop.tell(e.paid("o", "c1"))
    assert codes == [None] and [person[1] for person in await shop.chain("o")] == ["leaf", "mid", "root"]
    found = await shop.get("/v1/consistency")
    assert found["ok"] and found["graph"]["edges"] == whole["graph"]["edges"] + 1
    assert (await shop.get("/v1/ops/consumers", "admin"))["items"][0]["trouble"] is None


async def test_a_wire_that_stands_ahead_is_told_anew(installation: Running, shop: Shop) -> None:
    e, wire = shop.events, installation.parts.wire
    await team(shop)
    await installation.parts.redis.hset(f"trefoil:{{{shop.brand}}}:w", mapping={"seq": "100000", "hash": "ff"})
    await shop.tell(e.bound("c1", "leaf"), e.paid("o", "c1"))
    async with shop.parts.postgres.brand(shop.brand) as conn:
        head = await log.head_seq(conn, shop.brand)
        assert (await wire.stand(shop.brand)).seq == head
        assert (await wire.stand(shop.brand)).log_hash == await log.hash_at(conn, shop.brand, head)


async def test_a_wire_that_somebody_wrote_into_is_told_anew_and_no_event_is_set_aside(
    installation: Running, shop: Shop
) -> None:
    e, redis, prefix = shop.events, installation.parts.redis, f"trefoil:{{{shop.brand}}}"
    await team(shop)
    await shop.tell(e.bound("c1", "leaf"), e.identified("c1", device="d1"))
    await redis.set(f"{prefix}:k:c1", "no set at all")
    await redis.set(f"{prefix}:v:member:c1", "no counter at all")
    assert await shop.tell(e.paid("o1", "c1")) == [None]
    await redis.delete(f"{prefix}:w")
    await redis.set(f"{prefix}:w", "no watermark at all")
    assert await shop.tell(e.paid("o2", "c1")) == [None]
    marks: list[Any] = [{"seq": "junk"}, {"hash": "junk"}, {"seq": "-5"}, {"seq": "9" * 30}]
    for n, mark in enumerate(marks):
        await redis.hset(f"{prefix}:w", mapping=mark)
        assert await shop.tell(e.paid(f"w{n}", "c1")) == [None], mark
    assert await shop.balances("leaf") == {"pending_fen": 6 * 5_000}
    assert (await shop.get("/v1/ops/consumers", "admin"))["set_aside"] == []


# --- a rebuild cannot be half done ----------------------------------------------------------------------------------


async def test_a_rebuild_that_was_killed_leaves_the_graph_whole(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    e, rebuild = shop.events, partial(installation.parts.jobs["rebuild_graph"].run, shop.brand, {}, Unwatched())
    await team(shop)
    await shop.tell(e.bound("c1", "leaf"), e.paid("o1", "c1"))
    whole = await shop.get("/v1/consistency")

    with monkeypatch.context() as patch:
        patch.setattr(limits, "STRETCH_EVENTS_MAX", 3)
        done = 0

        async def killed(*args: Any) -> Any:
            nonlocal done
            done += 1
            if "~" in args[1] and done > 2:
                raise ConnectionError("killed in the middle")
            return await project(*args)

        patch.setattr(follow, "project", killed)
        patch.setattr(follow, "Budget", lambda: Budget(3, 1_000))
        with pytest.raises(ConnectionError):
            await rebuild()
    assert done == 3
    assert await shop.get("/v1/consistency") == whole  # readers never saw the one in the making
    assert await shop.tell(e.paid("o2", "c1")) == [None]
    assert [person[1] for person in await shop.chain("o2")] == ["leaf", "mid", "root"]

    before = await shop.get("/v1/consistency")
    await rebuild()
    assert await shop.get("/v1/consistency") == before
    monkeypatch.setattr(limits, "SPACE_GRACE_SECONDS", 0)
    swept = await installation.parts.jobs["sweep_graph"].run(shop.brand, {}, Unwatched())
    assert swept == {"count": 2}  # the first graph, and half of one
    assert await shop.get("/v1/consistency") == before
    assert await _spaces(installation.parts.graph, shop.brand) == 1


async def _spaces(graph: Graph, brand: str) -> int:
    async with graph.reading() as tx:
        text = "MATCH (w:Watermark) WHERE w.key = $brand OR w.key STARTS WITH $brand + '~' RETURN count(w) AS n"
        row = await (await tx.run(text, brand=brand)).single()
    return int(row["n"]) if row else 0


# --- one brand's trouble is its own -----------------------------------------------------------------------------------


async def test_a_brand_that_hangs_delays_no_other(
    shop: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, reached = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hanging(graph: Any, space: str, *rest: Any) -> Any:
        if space.startswith(shop.brand):
            loop.call_soon_threadsafe(reached.set)
            await asyncio.to_thread(release.wait)
        return await project(graph, space, *rest)

    await team(shop)
    await team(other_shop)
    with monkeypatch.context() as patch:
        patch.setattr(follow, "project", hanging)
        (seq,) = await shop.accept(shop.events.bound("c1", "leaf"))
        await reached.wait()
        e = other_shop.events
        assert await other_shop.tell(e.bound("c1", "leaf"), e.paid("o", "c1")) == [None, None]
        await other_shop.post("/v1/ops/drain", "admin", {})
        await other_shop.post("/v1/ops/run", "admin", {"job": "settle"})
        assert (await shop.outcome(seq))["graph"] == "pending"  # still hanging: nobody had waited for it
        release.set()
    await shop.drain()
    assert (await shop.outcome(seq))["graph"] == "applied"


async def test_a_comparison_in_small_pages_sorted_on_disk_is_the_same(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    e = shop.events
    await team(shop)
    await shop.tell(
        *(e.identified(f"m{n}", phone="13800138000", device=f"d{n % 3}") for n in range(7)),
        *(e.paid(f"o{n}", f"m{n % 2}", promoter_id="leaf") for n in range(6)),
    )
    key = f"{await installation.parts.live.space(shop.brand)}|m3"
    async with installation.parts.graph.writing() as tx:  # both sides have users of their own of one identifier
        text = "MATCH (m:Member {key: $key})-[r:OWNS|SEEN_AT]->() SET r.times = 5"
        await (await tx.run(text, key=key)).consume()
    compare = partial(installation.parts.jobs["consistency"].run, shop.brand, {}, Unwatched())
    whole = await compare()
    assert [one["member_id"] for one in whole["differences"]] == ["m3"]
    assert whole["graph"]["hash"] != whole["log"]["hash"]
    for name, value in {"PAGE": 3, "EVENTS_MAX": 2, "CHUNK": 1, "RUN_LINES": 2}.items():
        monkeypatch.setattr(limits, f"CONSISTENCY_{name}", value)
    assert await compare() == whole


async def test_what_the_graph_holds_and_the_log_does_not_yet_tell_is_no_difference(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the graph's commit and the log's a member is read again, until both are done."""
    release, reached = threading.Event(), asyncio.Event()
    loop, record, again = asyncio.get_running_loop(), follow.GraphConsumer._record, Comparison._again
    read_again = []

    async def late(self: Any, conn: Any, brand: str, *rest: Any) -> None:
        if brand == shop.brand:
            loop.call_soon_threadsafe(reached.set)
            await asyncio.to_thread(release.wait)
        await record(self, conn, brand, *rest)

    async def waited(self: Any, brand: str, member_id: str, at_seq: int) -> Any:
        read_again.append(member_id)
        release.set()
        await shop.drain()
        return await again(self, brand, member_id, at_seq)

    e = shop.events
    await team(shop)
    with monkeypatch.context() as patch:
        patch.setattr(follow.GraphConsumer, "_record", late)
        patch.setattr(Comparison, "_again", waited)
        await shop.accept(e.paid("o", "c1", promoter_id="leaf"))
        await reached.wait()
        found = await installation.parts.jobs["consistency"].run(shop.brand, {}, Unwatched())
    assert read_again == ["c1"]
    assert found["ok"] and found["differences"] == []


async def test_consistency_holds_while_events_arrive(shop: Shop) -> None:
    """No lock is held, members change while they are read, and the comparison is exact all the same."""
    e = shop.events
    await team(shop)
    busy = True

    async def traffic() -> None:
        n = 0
        while busy:
            n += 1
            await shop.accept(
                e.identified(f"t{n % 50}", phone=f"1380013{n % 90:04}"),
                e.paid(f"o{n}", f"t{n % 50}", promoter_id="leaf"),
                e.suspended("lone", 1 + n),
            )

    running = asyncio.create_task(traffic())
    try:
        for _ in range(5):
            found = await shop.get("/v1/consistency")
            assert found["ok"], found["differences"]
            assert found["graph"] == found["log"]
    finally:
        busy = False
        await running
    await shop.drain()
    assert (await shop.get("/v1/consistency"))["ok"]


async def test_a_withdrawal_asks_no_store_but_its_own(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a graph is made anew a member is known all the same: money asked for is no ``unknown_member``."""
    e = shop.events
    await team(shop)
    await shop.tell(e.paid("o", "c1", promoter_id="leaf"))

    def nowhere(*_: Any, **__: Any) -> Any:
        raise AssertionError("the graph was asked")

    with monkeypatch.context() as patch:
        patch.setattr(Graph, "reading", nowhere)
        patch.setattr(Graph, "writing", nowhere)
        found = await shop.call(
            "POST", "/v1/withdrawals", "finance", json={"member_id": "leaf", "amount_fen": 100, "channel": "wechat"}
        )
        # the command waits for the graph's consumer like everybody; what it must not do is ask the graph itself
        assert found.json()["code"] in ("still_working", "insufficient_available")
    await shop.drain()
    again = await shop.call(
        "POST", "/v1/withdrawals", "finance", json={"member_id": "leaf", "amount_fen": 100, "channel": "wechat"}
    )
    assert again.json()["code"] == "insufficient_available"
    nobody = await shop.call(
        "POST", "/v1/withdrawals", "finance", json={"member_id": "nobody", "amount_fen": 100, "channel": "wechat"}
    )
    assert nobody.json()["code"] == "unknown_member"
