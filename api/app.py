"""The HTTP application: routes, limits, problems, OpenAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.auth import KeyCache
from api.platform import Platform
from api.routes import brands, consistency, events, health, ledger, members, ops, orders, risk, withdrawals
from core import limits
from core.clock import monotonic_s
from core.errors import Refusal

_ROUTERS: Final = (health, brands, events, members, risk, orders, ledger, withdrawals, consistency, ops)

_REQUESTS = Counter("trefoil_requests_total", "Requests answered", ["method", "route", "status"])
_SECONDS = Histogram("trefoil_request_seconds", "Time to the answer", ["route"])


def make_app(open_platform: Callable[[], AbstractAsyncContextManager[Platform]]) -> FastAPI:
    """The application; the platform is opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_platform() as parts:
            app.state.platform = parts
            await parts.progress.start()
            yield
            await parts.progress.stop()

    app = FastAPI(
        title="Trefoil",
        version="1",
        summary="Distribution and commission over a relationship graph",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.keys = KeyCache()
    for module in _ROUTERS:
        app.include_router(module.routes)
    problems.install(app)
    app.add_middleware(Guard)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


class Guard:
    """Counts every request, and stops a body above the limit before it is read whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, size, status = monotonic_s(), 0, 500
        too_large = _declared(scope) > limits.BODY_BYTES_MAX

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limits.BODY_BYTES_MAX:
                raise _TOO_LARGE
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        if too_large:
            await problems.problem_response(_TOO_LARGE)(scope, receive, noted)
        else:
            await self._app(scope, counted, noted)
        route = getattr(scope.get("route"), "path", "unknown")
        _REQUESTS.labels(scope["method"], route, status).inc()
        _SECONDS.labels(route).observe(monotonic_s() - began)


_TOO_LARGE = Refusal(413, "body_too_large", "a body is at most 2 MB; send smaller batches")


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        components = schema.setdefault("components", {})
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        components.setdefault("schemas", {}).update(_extra_schemas())
        schema["security"] = [{"key": []}]
        problem = {"$ref": "#/components/schemas/Problem"}
        for path in schema["paths"].values():
            for operation in path.values():
                answers = operation["responses"]
                answers.pop("422", None)
                answers["default"] = {
                    "description": "A problem with a stable code",
                    "content": {"application/problem+json": {"schema": problem}},
                }
        app.openapi_schema = orjson.loads(orjson.dumps(schema))
    return app.openapi_schema


def _extra_schemas() -> dict[str, Any]:
    check = risk.Check.model_json_schema(ref_template="#/components/schemas/{model}")
    nested = check.pop("$defs", {})
    check["example"] = {
        "check_id": "chk-1",
        "stage": "order",
        "order": {
            "order_id": "o1",
            "buyer_id": "m9",
            "channel": "mini_program",
            "placed_at": "2026-11-01T08:00:00+08:00",
            "paid_at": "2026-11-01T08:00:30+08:00",
            "lines": [
                {"line_id": "1", "product_id": "p1", "category": "tea", "quantity": 1, "paid_fen": 50_000},
            ],
        },
    }
    problem = {
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
                },
            },
        },
    }
    return {**nested, "Check": check, "Problem": problem}
