"""One installation for all tests that speak to the platform: API and worker over real stores, a fresh brand per test.

The API and the worker live in a thread with a loop of their own and answer on a real socket; tests speak HTTP. One
simulated clock serves all brands and never goes back, so a test that moves it counts from :meth:`Shop.start`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import pytest
import pytest_asyncio
import structlog
import uvicorn

from api.app import make_app
from api.connections import server_config
from api.platform import Platform
from core.clock import iso, wall_now
from core.settings import ProcessSettings
from core.stores.migrations import migrate
from core.stores.queries import sql
from events import log
from ops.wiring import CONTRACTS, make_worker, open_platform
from tests.document import Document, EventHooks, unopened
from tests.services import Services

T0: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""When the shops of the tests open; every relative time counts from here unless a test says otherwise."""

_INSTALL = sql("brands/install")
_WAIT_SECONDS: Final = 120.0  # a first event on a cold graph, on a machine that others use too
_MASTER_KEY: Final = bytes(range(32))  # always the same, so that stores given by address may be used again


def at(days: float = 0, start: datetime = T0) -> str:
    """An instant so many days of 24 hours after the opening, as events spell it."""
    return iso(start + timedelta(days=days))


EVER: Final = at(10_000)
"""An instant after everything that any test books."""


@dataclass(frozen=True, slots=True)
class Running:
    """The platform under test: where it answers, its settings, and open parts for looking inside."""

    url: str
    settings: ProcessSettings
    parts: Platform


@dataclass(slots=True)
class Events:
    """Events of one shop, written as short as a test wants to read them; ids count up."""

    source: str = "shop"
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def event(self, event_type: str, data: dict[str, Any], **envelope: Any) -> dict[str, Any]:
        """An event of any type; further arguments are attributes of the envelope."""
        return {
            "specversion": "1.0",
            "id": f"e{next(self._numbers)}",
            "source": self.source,
            "type": event_type,
            "time": at(),
            "data": data,
            **envelope,
        }

    def registered(self, member_id: str, **data: Any) -> dict[str, Any]:
        given = {"member_id": member_id, "platform": "h5", "registered_at": at(), **data}
        return self.event("member.registered.v1", given)

    def identified(self, member_id: str, days: float = 0, **values: Any) -> dict[str, Any]:
        """``phone="138…"``, ``device=…``: one identifier each."""
        identifiers = [{"kind": kind, "value": value} for kind, value in values.items()]
        data = {"member_id": member_id, "seen_at": at(days), "identifiers": identifiers}
        return self.event("member.identified.v1", data)

    def approved(self, member_id: str, *, days: float = 0, **data: Any) -> dict[str, Any]:
        """``invited_by=None`` is a root; without it, under the current promoter."""
        given = {"member_id": member_id, "grade": "B", "approved_at": at(days), **data}
        return self.event("distributor.approved.v1", given)

    def suspended(self, member_id: str, days: float) -> dict[str, Any]:
        return self.event("distributor.suspended.v1", {"member_id": member_id, "reason": "test", "at": at(days)})

    def restored(self, member_id: str, days: float) -> dict[str, Any]:
        return self.event("distributor.restored.v1", {"member_id": member_id, "reason": "test", "at": at(days)})

    def bound(self, member_id: str, promoter_id: str, days: float = 0) -> dict[str, Any]:
        data = {"member_id": member_id, "promoter_id": promoter_id, "channel": "h5", "requested_at": at(days)}
        return self.event("binding.requested.v1", data)

    def paid(
        self, order_id: str, buyer_id: str, *lines_fen: int, days: float = 1, start: datetime = T0, **data: Any
    ) -> dict[str, Any]:
        """An order with lines numbered from 1; 50,000 fen on one line unless said otherwise."""
        return self.event("order.paid.v1", order(order_id, buyer_id, *lines_fen, days=days, start=start, **data))

    def completed(self, order_id: str, days: float, start: datetime = T0) -> dict[str, Any]:
        return self.event("order.completed.v1", {"order_id": order_id, "completed_at": at(days, start)})

    def refunded(self, refund_id: str, order_id: str, days: float, start: datetime = T0, **fen: int) -> dict[str, Any]:
        """Lines are named ``line_1=…``."""
        lines = [{"line_id": name.removeprefix("line_"), "refund_fen": amount} for name, amount in fen.items()]
        data = {"refund_id": refund_id, "order_id": order_id, "refunded_at": at(days, start), "lines": lines}
        return self.event("order.refunded.v1", data)

    def cancelled(self, order_id: str, days: float, start: datetime = T0) -> dict[str, Any]:
        return self.event("order.cancelled.v1", {"order_id": order_id, "cancelled_at": at(days, start)})


def order(
    order_id: str, buyer_id: str, *lines_fen: int, days: float = 1, start: datetime = T0, **data: Any
) -> dict[str, Any]:
    """The data of an order.paid event."""
    lines = [
        {"line_id": str(number), "product_id": f"p{number}", "category": "tea", "quantity": 1, "paid_fen": fen}
        for number, fen in enumerate(lines_fen or (50_000,), 1)
    ]
    instant = at(days, start)
    return {
        "order_id": order_id,
        "buyer_id": buyer_id,
        "channel": "h5",
        "placed_at": instant,
        "paid_at": instant,
        "lines": lines,
        **data,
    }


@dataclass(slots=True)
class Shop:
    """A brand of its own with all its keys: the client of a test.

    ``owner`` is besides the key of the admin whose brand owns the installation.
    """

    brand: str
    keys: dict[str, str]
    http: httpx.AsyncClient
    parts: Platform
    events: Events = field(default_factory=Events)

    async def call(self, method: str, path: str, role: str | None = "pipeline", **request: Any) -> httpx.Response:
        """One request with the key of a role; ``role`` may also be a member's token, or None for no key."""
        headers = dict(request.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.keys.get(role, role)}"
        return await self.http.request(method, path, headers=headers, **request)

    async def get(self, path: str, role: str = "auditor", **query: str) -> Any:
        """The JSON of a read that must succeed."""
        answer = await self.call("GET", path, role, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, role: str, body: Any = None, status: int = 200, **request: Any) -> Any:
        """The JSON of a write that must answer with this status."""
        answer = await self.call("POST", path, role, json=body, **request)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def answers(self, *events: Any) -> list[dict[str, Any]]:
        """What the intake says of each event."""
        items: list[dict[str, Any]] = (await self.post("/v1/events", "pipeline", list(events)))["items"]
        assert len(items) == len(events)
        return items

    async def accept(self, *events: dict[str, Any]) -> list[int]:
        """Send events that must all be new and right; their numbers."""
        items = await self.answers(*events)
        assert {item["status"] for item in items} == {"accepted"}, items
        return [item["seq"] for item in items]

    async def tell(self, *events: dict[str, Any]) -> list[str | None]:
        """Send events, wait until the books have dealt with them; the code of each one's outcome."""
        seqs = await self.accept(*events)
        await self.drain()
        return [(await self.outcome(seq))["code"] for seq in seqs]

    async def drain(self) -> None:
        """Wait until both books stand at the end of this brand's log."""
        async with self.parts.postgres.brand(self.brand) as conn:
            head = await log.head_seq(conn, self.brand)
        for book in ("graph", "ledger"):
            assert await self.parts.progress.reached(self.brand, book, head, _WAIT_SECONDS), f"{book} lags"

    async def outcome(self, seq: int) -> dict[str, Any]:
        """What the books made of an event."""
        found: dict[str, Any] = (await self.get(f"/v1/events/{seq}"))["outcome"]
        return found

    async def chain(self, order_id: str) -> list[tuple[int, str, bool]]:
        """The frozen chain of an order as (level, member, earns)."""
        found = await self.get(f"/v1/orders/{order_id}")
        return [(person["level"], person["member_id"], person["earns"]) for person in found["chain"]]

    async def balances(self, member_id: str, as_of: str | None = EVER) -> dict[str, int]:
        """The balances of a member that are not zero: of all that is booked, as of an instant, or (None) of now."""
        query = {"as_of": as_of} if as_of else {}
        found = await self.get(f"/v1/ledger/members/{member_id}", **query)
        return {name: fen for name, fen in found.items() if fen}

    async def token(self, member_id: str) -> str:
        """A token of a member."""
        found: str = (await self.post(f"/v1/members/{member_id}/tokens", "pipeline", status=201))["token"]
        return found

    async def start(self) -> datetime:
        """An instant after everything other tests did to the clock: a test that moves it counts from here."""
        reading = await self.parts.clock.reading()
        return max(reading or T0, T0) + timedelta(days=1)

    async def move_clock(self, days: float, start: datetime) -> None:
        """Move the simulated clock to so many days after ``start``, and run what is due by then in this brand."""
        await self.post("/v1/ops/clock", "owner", {"now": at(days, start)})
        await self.post("/v1/ops/run", "admin", {"job": "settle"})


class NewShop(Protocol):
    """Makes a brand nobody used before; the owner's admin may add further brands."""

    async def __call__(self, *, owner: bool = False) -> Shop: ...


def _serve(settings: ProcessSettings, listener: socket.socket, server_at: list[uvicorn.Server]) -> None:
    async def main() -> None:
        app = make_app(lambda: open_platform(settings), CONTRACTS)
        server = uvicorn.Server(server_config(app, "127.0.0.1", 0))
        server_at.append(server)
        async with open_platform(settings) as parts:
            worker = asyncio.create_task(make_worker(parts).run())
            await server.serve(sockets=[listener])
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    asyncio.run(main())


@pytest_asyncio.fixture(scope="session")
async def installation(services: Services, tmp_path_factory: Any) -> AsyncIterator[Running]:
    """The platform on a simulated clock, answering on a socket until the end of the run."""
    # below ERROR the platform tells of refusals and outages the tests make on purpose
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    # named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms for an acknowledgement
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    data: Path = tmp_path_factory.mktemp("installation")
    settings = ProcessSettings(
        data=data,
        postgres_url=services.postgres_url,
        redis_url=services.redis_url,
        neo4j_url=services.neo4j_url,
        neo4j_user=services.neo4j_user,
        neo4j_password=services.neo4j_password,
        api_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        master_key=_MASTER_KEY,
        clock="simulated",
    )
    await migrate(settings.postgres_url)
    async with open_platform(settings) as parts:
        await parts.graph.apply_schema()
        async with parts.postgres.installation() as conn:
            await _INSTALL.run(conn, clock="simulated")
        servers: list[uvicorn.Server] = []
        thread = threading.Thread(target=_serve, args=(settings, listener, servers))
        thread.start()
        await parts.progress.start()
        try:
            yield Running(settings.api_url, settings, parts)
        finally:
            await parts.progress.stop()
            servers[0].should_exit = True
            await asyncio.to_thread(thread.join)


@pytest.fixture(scope="session")
def kept_to() -> EventHooks:
    """Holds every answer that a test gets to the document."""
    return {"response": [Document(make_app(unopened, CONTRACTS).openapi()).check]}


@pytest_asyncio.fixture(scope="session")
async def http(installation: Running, kept_to: EventHooks) -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the API."""
    async with httpx.AsyncClient(base_url=installation.url, timeout=60, event_hooks=kept_to) as client:
        yield client


@pytest_asyncio.fixture(scope="session")
async def new_shop(installation: Running, http: httpx.AsyncClient) -> NewShop:
    """Make a brand nobody used before."""

    async def add(*, owner: bool) -> tuple[str, dict[str, str]]:
        brand = f"t{secrets.token_hex(5)}"
        return brand, await installation.parts.brands.add(brand, "CNY", "Asia/Shanghai", wall_now(), owner=owner)

    _, owners = await add(owner=True)

    async def make(*, owner: bool = False) -> Shop:
        brand, keys = await add(owner=owner)
        return Shop(brand, keys | {"owner": owners["admin"]}, http, installation.parts)

    return make


@pytest_asyncio.fixture
async def shop(new_shop: NewShop) -> Shop:
    """A brand of this test's own."""
    return await new_shop()


@pytest_asyncio.fixture
async def other_shop(new_shop: NewShop) -> Shop:
    """A second brand of this test's own."""
    return await new_shop()


@pytest_asyncio.fixture(scope="session")
async def standing_shop(new_shop: NewShop) -> Shop:
    """A brand for tests that only look, or whose writes are all refused: a team of three tiers, an order, money.

    m0 ← m1 ← m2 are distributors, m9 is bound to m2 and has bought order o1 for 500 yuan.
    """
    shop = await new_shop()
    e = shop.events
    codes = await shop.tell(
        *(e.registered(f"m{number}") for number in (0, 1, 2, 3, 9)),
        e.approved("m0", invited_by=None),
        e.approved("m1", invited_by="m0"),
        e.approved("m2", invited_by="m1"),
        e.bound("m9", "m2"),
        e.paid("o1", "m9"),
    )
    assert set(codes) == {None}
    return shop


@pytest_asyncio.fixture(scope="session")
async def real_clock_http(installation: Running, kept_to: EventHooks) -> AsyncIterator[httpx.AsyncClient]:
    """Another API over the same stores that lives by the machine's clock, for what only that one refuses."""
    settings = installation.settings.model_copy(update={"clock": "real"})
    app = make_app(lambda: open_platform(settings), CONTRACTS)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            base_url=installation.url, transport=transport, timeout=60, event_hooks=kept_to
        ) as client:
            yield client


@pytest_asyncio.fixture
async def real_clock_shop(new_shop: NewShop, real_clock_http: httpx.AsyncClient) -> Shop:
    """A brand of this test's own, spoken to through the API that lives by the machine's clock."""
    shop = await new_shop()
    shop.http = real_clock_http
    return shop
