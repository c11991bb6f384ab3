"""A store that is away: checks answer at least review and name it, and nothing is held that was not decided so."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.app import make_app
from core import limits
from core.errors import unavailable
from core.stores.postgres import lock
from events.consumer import Budget, consumer_lock
from local.ports import free_port
from ops.wiring import CONTRACTS, open_platform
from risk.flows.recorder import BrandRecorder
from risk.store.wire import WireAway
from tests.graph.test_projector_recovery import books_of
from tests.platform import Running, Shop, order
from tests.risk.test_checks import OWN, check, team


@asynccontextmanager
async def without(installation: Running, shop: Shop, **addresses: str) -> AsyncIterator[Shop]:
    """The shop as seen by an API that cannot reach a store: nothing listens where it looks."""
    settings = installation.settings.model_copy(update=addresses)
    app = make_app(lambda: open_platform(settings), CONTRACTS)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        hooks = shop.http.event_hooks
        async with httpx.AsyncClient(
            base_url=installation.url, transport=transport, timeout=30, event_hooks=hooks
        ) as client:
            yield Shop(shop.brand, shop.keys, client, shop.parts, shop.events)


async def test_redis_away_is_a_quick_review(installation: Running, shop: Shop) -> None:
    await team(shop)
    async with without(installation, shop, redis_url=f"redis://127.0.0.1:{free_port()}/0") as cut_off:
        await check(cut_off, "warm", order("o0", "b", promoter_id="leaf"))
        began = time.perf_counter()
        said = await check(cut_off, "k", order("o", "b", promoter_id="leaf"))
        assert time.perf_counter() - began < 1.0
        assert (said["outcome"], said["missing"]) == ("review", ["redis"])
        assert [reason["rule"] for reason in said["reasons"]] == ["missing_redis"]
        own = await check(cut_off, "k2", order("o2", "b", promoter_id="b"))
        assert own["outcome"] == "block"  # what needs no store is still judged, and the worst wins
        assert await check(cut_off, "k", order("o", "b", promoter_id="leaf")) == said
        answers = await cut_off.answers(shop.events.registered("m"))
        assert answers[0]["status"] == "accepted"
        ready = await cut_off.call("GET", "/readyz", None)
        assert (ready.status_code, ready.json()["dependencies"]["redis"]) == (503, "unavailable")


async def test_neo4j_away_is_named_with_the_refusal(installation: Running, shop: Shop) -> None:
    await team(shop)
    async with without(installation, shop, neo4j_url=f"bolt://127.0.0.1:{free_port()}") as cut_off:
        said = await check(cut_off, "k", order("o", "b", promoter_id="leaf"))
        assert (said["outcome"], said["missing"]) == ("allow", [])  # it asks the graph for nothing
        tied = await check(cut_off, "k2", order("o2", "b", promoter_id="leaf", phone=OWN["phone"]))
        assert (tied["outcome"], tied["missing"]) == ("review", ["neo4j"])
        assert tied["reasons"][0]["evidence"]  # what the wire knows
        profile = await cut_off.call("GET", "/v1/members/leaf", "operator")
        assert (profile.status_code, profile.json()["code"]) == (503, "neo4j_unavailable")
        assert (await cut_off.call("GET", "/v1/ledger/trial-balance", "finance")).status_code == 200


async def test_postgres_away_is_a_review_that_no_money_depends_on(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API that has served the brand before answers on; what it says is kept nowhere."""
    await team(shop)
    async with without(installation, shop) as served:
        with monkeypatch.context() as patched:
            patched.setattr(BrandRecorder, "_keep", _away)
            said = await check(served, "k", order("o", "b", promoter_id="leaf"))
        assert (said["outcome"], said["missing"]) == ("review", ["postgres"])
        assert (await served.call("GET", f"/v1/risk/decisions/{said['decision_id']}", "analyst")).status_code == 404
        await asyncio.sleep(limits.POOL_REST_SECONDS)  # nobody asks a store that was just away
        assert (await check(served, "k", order("o", "b", promoter_id="leaf")))["outcome"] == "allow"


async def _away(*_: Any, **__: Any) -> None:
    raise unavailable("postgres")


async def test_the_ledger_waits_for_redis_and_holds_nothing(installation: Running, shop: Shop) -> None:
    parts, e = installation.parts, shop.events
    await team(shop)
    cut_off = installation.settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{free_port()}/0"})
    async with open_platform(cut_off) as lame, parts.postgres.brand(shop.brand) as conn:
        await lock(conn, consumer_lock(shop.brand, "ledger"))  # the installation's own worker waits
        (seq,) = await shop.accept(e.paid("o", "b", 10_000, promoter_id="leaf"))
        assert await parts.progress.reached(shop.brand, "graph", seq, 10)
        with pytest.raises(WireAway):
            await lame.wire.stand(shop.brand)
        with pytest.raises(WireAway):
            await books_of(lame).advance(conn, shop.brand, Budget())
        await conn.rollback()
    await shop.drain()
    assert (await shop.get("/v1/orders/o"))["decision"]["outcome"] == "allow"
    assert await shop.balances("leaf") == {"pending_fen": 1_000}


async def test_a_flushed_wire_is_filled_again_and_checks_are_right_again(installation: Running, shop: Shop) -> None:
    parts, e = installation.parts, shop.events
    await team(shop)
    await shop.tell(
        e.registered("b"),
        e.bound("b", "leaf"),
        e.identified("b", device=OWN["device"]),
        *(e.paid(f"o{n}", f"x{n % 10}", promoter_id="leaf", device_id="till") for n in range(30)),
    )
    before = await check(shop, "k1", order("p1", "b", device_id="till"))
    assert {reason["rule"] for reason in before["reasons"]} == {"shared_tie", "device_velocity"}
    await parts.wire.forget(shop.brand)
    assert (await parts.wire.stand(shop.brand)).seq == 0
    await shop.tell(e.registered("somebody"))  # anything wakes the books, which find the wire behind
    assert (await parts.wire.stand(shop.brand)).seq > 0
    after = await check(shop, "k2", order("p2", "b", device_id="till"))
    assert {reason["rule"] for reason in after["reasons"]} == {"shared_tie", "device_velocity"}
    await shop.post("/v1/ops/run", "admin", {"job": "rebuild_wire"})
    assert await shop.balances("leaf") == {"pending_fen": 150_000}
