"""Who may call what: every live route with every role as the contract's table says; nobody sees another's things."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock

import httpx
import psycopg
import pytest
from starlette.routing import Mount, Route

from api.app import make_app
from api.auth import KeyCache
from api.scoped import ScopedRoute, access_of
from brands.brands import key_hash
from core import limits
from core.errors import unavailable
from ops.wiring import CONTRACTS, open_platform
from tests.platform import NewShop, Running, Shop

ALL_ROLES = ("pipeline", "operator", "analyst", "finance", "auditor", "admin", "owner", "member")
_READERS = "operator analyst finance auditor"

# The contract's table, route by route; admin may call everything, and is not named. ``owner``: only the admin of the
# brand that owns the installation; the framework's own pages tell what anybody may know.
TABLE = {
    "GET /openapi.json": "open",
    "GET /docs": "open",
    "GET /docs/oauth2-redirect": "open",
    "GET /redoc": "open",
    "GET /docs/static": "open",
    "GET /healthz": "open",
    "GET /readyz": "open",
    "GET /metrics": "owner",
    "GET /v1/brands": "",
    "POST /v1/brands": "owner",
    "POST /v1/events": "pipeline",
    "GET /v1/events": "pipeline analyst auditor",
    "GET /v1/events/{seq}": "pipeline analyst auditor",
    "POST /v1/events/rejections/{rejection_id}/resend": "pipeline",
    "GET /v1/members/{member_id}": f"{_READERS} member",
    "GET /v1/members/{member_id}/uplines": _READERS,
    "GET /v1/members/{member_id}/team": f"{_READERS} member",
    "GET /v1/members/{member_id}/binding": _READERS,
    "POST /v1/events/{seq}/replay": "",
    "POST /v1/members/{member_id}/tokens": "pipeline",
    "POST /v1/bindings": "operator",
    "POST /v1/distributors/{member_id}/move": "operator",
    "POST /v1/risk/checks": "pipeline",
    "GET /v1/risk/decisions/{decision_id}": _READERS,
    "POST /v1/risk/decisions/{decision_id}/replay": "analyst",
    "POST /v1/risk/blacklist": "analyst",
    "GET /v1/risk/blacklist": "analyst auditor",
    "DELETE /v1/risk/blacklist/{entry_id}": "analyst",
    "GET /v1/orders/{order_id}": f"pipeline {_READERS}",
    "GET /v1/ledger/members/{member_id}": f"{_READERS} member",
    "GET /v1/ledger/members/{member_id}/entries": "finance auditor member",
    "GET /v1/ledger/trial-balance": "finance auditor",
    "GET /v1/ledger/verify": "finance auditor",
    "POST /v1/withdrawals": "finance member",
    "POST /v1/withdrawals/{withdrawal_id}/reject": "finance",
    "GET /v1/withdrawals": "finance auditor member",
    "GET /v1/consistency": "analyst auditor",
    "GET /v1/log/verify": "analyst auditor",
    "GET /v1/jobs": f"pipeline {_READERS}",
    "GET /v1/jobs/{job_id}": f"pipeline {_READERS}",
    "GET /v1/jobs/{job_id}/events": f"pipeline {_READERS}",
    "POST /v1/jobs/{job_id}/cancel": "pipeline operator analyst finance",
    "GET /v1/ops/clock": "owner",
    "GET /v1/ops/consumers": "",
    "POST /v1/ops/clock": "owner",
    "POST /v1/ops/drain": "",
    "POST /v1/ops/run": "",
}

_PLACES = {
    "{seq}": "1",
    "{member_id}": "m9",
    "{job_id}": "nothing",
    "{order_id}": "o1",
    "{rejection_id}": "nothing",
    "{decision_id}": "nothing",
    "{entry_id}": "nothing",
    "{withdrawal_id}": "nothing",
}
# Bodies that are refused for what they say: whoever may call learns that, and nothing is written.
_BODIES = {
    "POST /v1/members/{member_id}/tokens": None,
    "POST /v1/ops/drain": None,
    "POST /v1/jobs/{job_id}/cancel": None,
}


def routes_of(router: Any) -> Iterator[Route | Mount]:
    """Every route there is, those of included routers too."""
    for route in router.routes:
        if isinstance(route, Route | Mount):
            yield route
        else:
            yield from routes_of(route.original_router)


def test_the_table_holds_every_live_route(installation: Running) -> None:
    """Generated from the application: a route that is not in the table, or says otherwise than it, does not pass."""
    live = {}
    for route in routes_of(make_app(lambda: open_platform(installation.settings), CONTRACTS)):
        declared = access_of(route) if isinstance(route, ScopedRoute) else None
        for method in (getattr(route, "methods", None) or {"GET"}) - {"HEAD"}:
            if declared is None or declared.roles == {"open"}:
                said = {"open"}
            else:
                assert "admin" in declared.roles, route.path  # whoever forgets to say is let in by nobody
                said = {*declared.roles - {"admin"}, *(["owner"] if declared.owner else [])}
            live[f"{method} {route.path}"] = said
    assert live == {route: set(said.split()) for route, said in TABLE.items()}


def request_of(route: str, place: dict[str, str] | None = None) -> tuple[str, str]:
    method, path = route.split(" ")
    for name, value in {**_PLACES, **(place or {})}.items():
        path = path.replace(name, value)
    return method, path


@pytest.mark.parametrize("route", TABLE)
async def test_every_route_with_every_role(standing_shop: Shop, route: str) -> None:
    method, path = request_of(route)
    said = TABLE[route].split()
    allowed = {"owner", *said} if said == ["owner"] else {"admin", "owner", *said}
    body = {"json": {"nonsense": 1}} if method == "POST" and route not in _BODIES else {}
    token = await standing_shop.token("m9")
    if "open" in allowed:
        assert (await standing_shop.call(method, path, None)).status_code not in (401, 403)
        return
    missing = await standing_shop.call(method, path, None, **body)
    assert (missing.status_code, missing.json()["code"]) == (401, "no_key")
    for wrong in ("tf_admin_guessed", "a.b.c", token[:-2] + "xx"):
        answer = await standing_shop.call(method, path, wrong, **body)
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_key")
    for role in ALL_ROLES:
        answer = await standing_shop.call(method, path, token if role == "member" else role, **body)
        if role in allowed:
            assert answer.status_code not in (401, 403) and answer.status_code < 500, (role, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_role"), (role, answer.text)


async def test_a_key_is_asked_for_in_one_form_only(standing_shop: Shop) -> None:
    key = standing_shop.keys["auditor"]
    for value in (key, f"Basic {key}", "Bearer", f"Bearer {key}x", "Bearer \xff\xfe"):
        headers = [(b"Authorization", value.encode("latin-1"))]
        answer = await standing_shop.http.get("/v1/members/m9", headers=headers)
        assert answer.status_code == 401, value
    answer = await standing_shop.http.get("/v1/members/m9", headers={"Authorization": f"bearer {key}"})
    assert answer.status_code == 200


async def test_a_revoked_key_is_honoured_no_longer_than_promised(
    installation: Running, new_shop: NewShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Used all the while or not for hours; a key whose revoking cannot be asked for stays good."""
    shop = await new_shop()
    now = 1_000.0
    monkeypatch.setattr("api.auth.monotonic_s", lambda: now)
    used, unused, good = (shop.keys[person] for person in ("operator", "finance", "auditor"))
    cache = KeyCache()
    for key in (used, unused, good):
        assert await cache.holder(shop.parts, key)
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url) as owner:
        hashes = [key_hash(used), key_hash(unused)]
        await owner.execute("UPDATE api_key SET revoked_at = now() WHERE key_hash = ANY(%s)", [hashes])
    now += limits.KEY_CACHE_SECONDS - 1
    assert await cache.holder(shop.parts, used)  # and looked up behind it
    while await cache.holder(shop.parts, used):  # noqa: ASYNC110 -- until that is done
        await asyncio.sleep(0.02)
    now += 3_600
    assert await cache.holder(shop.parts, unused) is None
    with monkeypatch.context() as patch:
        patch.setattr("api.auth.key_holder", AsyncMock(side_effect=unavailable("postgres")))
        assert await cache.holder(shop.parts, good)
    assert await cache.holder(shop.parts, good)


async def test_another_brands_things_do_not_exist(standing_shop: Shop, shop: Shop) -> None:
    """Real ids of one brand, asked for with another brand's keys, on every route that takes an id."""
    await shop.tell(shop.events.registered("stranger"))
    decided = await standing_shop.post(
        "/v1/risk/checks",
        "pipeline",
        {"check_id": "roles-1", "stage": "order", "order": standing_shop.events.paid("o9", "m9")["data"]},
    )
    listed = await standing_shop.post(
        "/v1/risk/blacklist", "analyst", {"kind": "ip", "value": "203.0.113.9", "reason": "t"}, 201
    )
    (refused,) = await standing_shop.answers({"id": "roles-bad"})
    assert refused["status"] == "rejected"
    rejection_id = (await standing_shop.get("/v1/events", status="rejected"))["items"][0]["rejection_id"]
    real = {
        "{decision_id}": decided["decision_id"],
        "{entry_id}": listed["entry_id"],
        "{rejection_id}": rejection_id,
        "{seq}": "2",
    }
    bodies = {
        "POST /v1/withdrawals/{withdrawal_id}/reject": {"reason": "t"},
        "POST /v1/events/{seq}/replay": {"reason": "t"},
    }
    for route in TABLE:
        if "{" not in route or route.startswith("POST /v1/distributors"):
            continue
        method, path = request_of(route, real)
        body = bodies.get(route)
        answer = await shop.call(method, path, "admin", **({"json": body} if body else {}))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (route, answer.text)
    moved = await shop.call("POST", "/v1/distributors/m1/move", "operator", json={"invited_by": None, "reason": "t"})
    assert (moved.status_code, moved.json()["code"]) == (409, "unknown_member")
    await standing_shop.call("DELETE", f"/v1/risk/blacklist/{listed['entry_id']}", "analyst")


async def test_a_members_token_sees_only_itself(standing_shop: Shop, shop: Shop) -> None:
    token = await standing_shop.token("m0")
    readable = [path for path in TABLE if "{member_id}" in path and "member" in TABLE[path].split()]
    for route in readable:
        for member_id, status in (("m0", 200), ("m1", 404), ("nobody", 404)):
            method, path = request_of(route, {"{member_id}": member_id})
            answer = await standing_shop.call(method, path, token)
            assert answer.status_code == status, (route, member_id, answer.text)
    team = (await standing_shop.call("GET", "/v1/members/m0/team", token)).json()["items"]
    assert [row["level"] for row in team] == [1, 2]
    assert not {"m1", "m2"} & {row["member_id"] for row in team}  # masked
    mine = await standing_shop.call("GET", "/v1/withdrawals", token)
    assert mine.json()["items"] == []
    other = await standing_shop.call("GET", "/v1/withdrawals?member_id=m1", token)
    assert other.status_code == 404
    asked = {"member_id": "m1", "amount_fen": 100, "channel": "wechat"}
    assert (await standing_shop.call("POST", "/v1/withdrawals", token, json=asked)).status_code == 404
    # a token holds for its own brand: there is no such member in another
    await shop.tell(shop.events.registered("m0"))
    foreign = await shop.call("GET", "/v1/members/m0", token)
    assert foreign.json()["is_distributor"]  # it is the brand of the token that was asked, not the other one


async def test_a_members_profile_names_nobody_above_in_clear(standing_shop: Shop) -> None:
    token = await standing_shop.token("m9")
    own = (await standing_shop.call("GET", "/v1/members/m9", token)).json()
    assert own["binding"]["state"] == "bound" and own["binding"]["promoter_id"] not in (None, "m2")
    staff = await standing_shop.get("/v1/members/m9", "operator")
    assert staff["binding"]["promoter_id"] == "m2"
    token = await standing_shop.token("m1")
    assert (await standing_shop.call("GET", "/v1/members/m1", token)).json()["inviter_id"] not in (None, "m0")


async def test_ops_act_on_the_callers_own_brand(shop: Shop, other_shop: Shop) -> None:
    """Another brand's admin neither learns of the installation nor moves it."""
    for one in (shop, other_shop):
        await one.tell(one.events.registered("m"))
    drained = await shop.post("/v1/ops/drain", "admin")
    assert drained == {"drained": {shop.brand: 1}}
    await shop.post("/v1/ops/run", "admin", {"job": "rebuild_graph"})
    for method, path, body in (
        ("GET", "/v1/ops/clock", None),
        ("POST", "/v1/ops/clock", {"now": "2099-01-01T00:00:00Z"}),
        ("POST", "/v1/brands", {"brand": "theirs"}),
        ("GET", "/metrics", None),
    ):
        answer = await shop.call(method, path, "admin", **({"json": body} if body else {}))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_role"), path
    reading = (await shop.get("/v1/ops/clock", "owner"))["now"]
    assert reading is None or reading < "2099"


async def test_figures_are_for_the_owner_or_a_token_of_the_settings(installation: Running, shop: Shop) -> None:
    own = await shop.call("GET", "/metrics", "owner")
    assert own.status_code == 200 and "trefoil_requests_total" in own.text
    for token, wrong in (("scrape-2f9c", ["scrape-2f9", ""]), (None, ["None", ""])):
        async with figures(installation, shop, token) as scraped:
            if token is not None:
                assert (await scraped.call("GET", "/metrics", token)).status_code == 200
                for path in ("/v1/ops/clock", "/v1/brands", "/v1/members/m"):
                    assert (await scraped.call("GET", path, token)).status_code == 401
            for text in wrong:
                assert (await scraped.call("GET", "/metrics", text)).status_code == 401


@asynccontextmanager
async def figures(installation: Running, shop: Shop, token: str | None) -> AsyncIterator[Shop]:
    """The shop as seen by an API whose settings name this token for its figures."""
    settings = installation.settings.model_copy(update={"metrics_token": token})
    app = make_app(lambda: open_platform(settings), CONTRACTS)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(base_url=installation.url, transport=transport) as client,
    ):
        yield Shop(shop.brand, shop.keys, client, shop.parts)


async def test_a_token_is_only_for_known_members(standing_shop: Shop) -> None:
    answer = await standing_shop.call("POST", "/v1/members/nobody/tokens", "pipeline")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_only_the_installations_own_admin_adds_brands(new_shop: NewShop, standing_shop: Shop) -> None:
    owner = await new_shop(owner=True)
    name = f"n{owner.brand}"
    refused = await standing_shop.call("POST", "/v1/brands", "admin", json={"brand": name})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden_role")
    assert [b["brand"] for b in (await standing_shop.get("/v1/brands", "admin"))["items"]] == [standing_shop.brand]
    made = await owner.post(
        "/v1/brands", "admin", {"brand": name, "currency": "EUR", "time_zone": "Europe/Berlin"}, 201
    )
    assert made["brand"] == name and len(made["keys"]) == 9
    again = await owner.call("POST", "/v1/brands", "admin", json={"brand": name})
    assert (again.status_code, again.json()["code"]) == (409, "brand_exists")
    listed = {b["brand"]: b for b in (await owner.get("/v1/brands", "admin"))["items"]}
    assert (listed[name]["currency"], listed[name]["time_zone"]) == ("EUR", "Europe/Berlin")
    assert standing_shop.brand in listed
    shop = Shop(name, made["keys"], owner.http, owner.parts)
    assert await shop.tell(shop.events.registered("m")) == [None]
    for role, other in itertools.permutations(("finance", "finance2"), 2):
        assert made["keys"][role] != made["keys"][other]
    for wrong in ({"brand": "UPPER"}, {"brand": "a|b"}, {"brand": name, "currency": "yuan"}, {"brand": ""}):
        assert (await owner.call("POST", "/v1/brands", "admin", json=wrong)).status_code == 422
    zone = await owner.call("POST", "/v1/brands", "admin", json={"brand": "z", "time_zone": "Mars/Olympus"})
    assert zone.json()["errors"][0]["field"] == "time_zone"
