"""The graph after accidents: a kill between its commit and the log's, tampering, loss; how one knows it is whole."""

from typing import Any

import pytest

from api.platform import Platform
from core.stores.postgres import lock
from events.consumer import Budget, consumer_lock
from events.room import Unwatched
from graph.flows.follow import GraphConsumer
from graph.flows.project import Fenced, project
from tests.graph.test_projector_tree import team
from tests.platform import Running, Shop, at
from worker.consumer import StagedConsumer


class Killed(Exception):
    """The process ended here."""


def books_of(parts: Platform) -> StagedConsumer:
    """The consumer that books."""
    (books,) = (consumer for consumer in parts.consumers if isinstance(consumer, StagedConsumer))
    return books


class _KilledAfterTheGraph(GraphConsumer):
    async def _record(self, *_: Any) -> None:
        raise Killed


async def test_a_kill_between_the_graphs_commit_and_the_logs_doubles_nothing(installation: Running, shop: Shop) -> None:
    parts, e = installation.parts, shop.events
    await team(shop)
    with pytest.raises(Killed):
        async with parts.postgres.brand(shop.brand) as conn:
            await lock(conn, consumer_lock(shop.brand, "graph"))  # the worker waits at the door
            seqs = await shop.accept(
                e.identified("c1", phone="13800138000"),
                e.bound("c1", "leaf", days=-1),
                e.bound("c1", "mid", days=-1),
                e.paid("o1", "c1", 10_000),
            )
            await _KilledAfterTheGraph(parts.postgres, parts.live, parts.contracts).advance(conn, shop.brand, Budget())
    await shop.drain()
    assert [(await shop.outcome(seq))["code"] for seq in seqs] == [None, None, "already_bound", None]
    assert [person[1] for person in await shop.chain("o1")] == ["leaf", "mid", "root"]
    assert await shop.balances("leaf") == {"pending_fen": 1_000}
    found = await shop.get("/v1/consistency")
    assert found["ok"] and found["at_seq"] == seqs[-1]  # the hash counts how often c1 was seen


async def test_a_stretch_that_was_projected_is_fenced_off(installation: Running, shop: Shop) -> None:
    await team(shop)
    with pytest.raises(Fenced):
        await project(installation.parts.graph, shop.brand, 0, 9, b"", [])


async def test_a_kill_between_the_wire_and_the_books_counts_an_order_once(installation: Running, shop: Shop) -> None:
    parts, e = installation.parts, shop.events
    await team(shop)
    with pytest.raises(Killed):
        async with parts.postgres.brand(shop.brand) as conn:
            await lock(conn, consumer_lock(shop.brand, "ledger"))
            seqs = await shop.accept(*(e.paid(f"o{n}", "c1", 10_000, promoter_id="leaf") for n in range(3)))
            assert await parts.progress.reached(shop.brand, "graph", seqs[-1], 10)
            assert await books_of(parts).advance(conn, shop.brand, Budget()) == 3
            assert (await parts.wire.stand(shop.brand)).seq == seqs[-1]
            raise Killed
    await shop.drain()
    features = []
    for number in range(3):
        decision_id = (await shop.get(f"/v1/orders/o{number}"))["decision"]["decision_id"]
        async with parts.postgres.brand(shop.brand) as conn:
            found = await conn.execute("SELECT features FROM decision WHERE decision_id = %s", [decision_id])
            row = await found.fetchone()
            assert row is not None
            features.append(row[0]["buyer_orders"])
    assert features == [1, 2, 3]
    assert await shop.balances("leaf") == {"pending_fen": 3_000}


async def test_consistency_names_what_was_tampered_with_and_a_rebuild_heals_it(
    installation: Running, shop: Shop
) -> None:
    e = shop.events
    await team(shop)
    await shop.tell(e.bound("c1", "leaf"), e.identified("c2", phone="13800138000"), e.paid("o1", "c1"))
    whole = await shop.get("/v1/consistency")
    assert whole["ok"] and whole["differences"] == []
    assert whole["graph"] == whole["log"] and whole["ledger"] == whole["log_orders"]
    assert (whole["graph"]["members"], whole["ledger"]["orders"]) == (8, 1)

    tampering = {
        "c1": "MATCH (:Member {key: $key})-[b:BOUND_TO]->() SET b.valid_to = b.valid_to + duration('P1D')",
        "mid": "MATCH (:Member {key: $key})-[i:INVITED_BY]->() DELETE i",
        "c2": "MATCH (:Member {key: $key})-[r:OWNS]->() SET r.times = 2",
        "lone": "MATCH (m:Member {key: $key}) SET m.standing = ['suspended']",
        "c4": "MATCH (m:Member {key: $key}) DETACH DELETE m",
    }
    for member_id, text in tampering.items():
        async with installation.parts.graph.writing() as tx:
            await (await tx.run(text, key=f"{await installation.parts.live.space(shop.brand)}|{member_id}")).consume()
    broken = await shop.get("/v1/consistency")
    assert not broken["ok"] and broken["graph"]["hash"] != broken["log"]["hash"]
    assert {difference["member_id"] for difference in broken["differences"]} == set(tampering)
    by_member = {difference["member_id"]: difference for difference in broken["differences"]}
    assert by_member["mid"]["only_log"] == [f"invited root {at(-10)} None 10"]
    assert by_member["mid"]["only_graph"] == []

    await shop.post("/v1/ops/run", "admin", {"job": "rebuild_graph"})
    healed = await shop.get("/v1/consistency")
    assert healed == whole
    assert await shop.tell(e.bound("c4", "leaf")) == [None]  # and the brand goes on from there


async def test_a_rebuild_of_one_brand_leaves_the_others_alone(
    installation: Running, shop: Shop, other_shop: Shop
) -> None:
    await team(shop)
    await team(other_shop)
    before = await other_shop.get("/v1/consistency")
    parts = installation.parts
    assert await parts.jobs["rebuild_graph"].run(shop.brand, {}, Unwatched()) == {"count": 12}
    assert (await shop.get("/v1/consistency"))["ok"]
    assert await other_shop.get("/v1/consistency") == before
