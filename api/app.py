"""The HTTP application: routes, limits, problems, OpenAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi_offline import FastAPIOffline
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.auth import KeyCache
from api.document import document
from api.methods import Methods
from api.platform import Platform
from api.routes import brands, consistency, events, health, jobs, ledger, members, ops, orders, risk, withdrawals
from api.scoped import Access, Handler, ScopedRoute, access_of, serve
from core import limits
from core.clock import monotonic_s
from core.errors import Refusal
from events.contract import Contracts

_ROUTERS: Final = (health, brands, events, members, risk, orders, ledger, withdrawals, consistency, jobs, ops)

_REQUESTS = Counter("trefoil_requests_total", "Requests answered", ["method", "route", "status"])
_SECONDS = Histogram("trefoil_request_seconds", "Time to the answer", ["route"])
REQUEST_METRICS: Final = (_REQUESTS, _SECONDS)
"""What is counted of every request."""


def make_app(open_platform: Callable[[], AbstractAsyncContextManager[Platform]], contracts: Contracts) -> FastAPI:
    """The application; the platform is opened when it starts and closed when it stops.

    ``contracts`` are the kinds of event that its document shows.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_platform() as parts:
            app.state.platform = parts
            await parts.progress.start()
            yield
            await parts.progress.stop()

    app = FastAPIOffline(
        title="Trefoil",
        version="1",
        summary="Distribution and commission over a relationship graph",
        lifespan=lifespan,
        redirect_slashes=False,
        static_url="/docs/static",
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.keys = KeyCache()
    for module in _ROUTERS:
        app.include_router(module.routes)
    problems.install(app)
    app.add_middleware(Methods, routes=_scoped_routes())
    app.add_middleware(Guard, application=app, hot=_hot_routes())
    app.openapi = lambda: _openapi(app, contracts)  # type: ignore[method-assign]
    return app


class Guard:
    """Counts every request, and stops a body above the limit before it is read whole."""

    def __init__(self, app: ASGIApp, application: FastAPI, hot: Mapping[tuple[str, str], Hot]) -> None:
        self._app = app
        self._application = application
        self._hot = hot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, size, status, begun = monotonic_s(), 0, 500, False
        too_large = _declared(scope) > limits.BODY_BYTES_MAX

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limits.BODY_BYTES_MAX:
                raise _TOO_LARGE
            return message

        async def noted(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
            await send(message)

        hot = self._hot.get((scope["method"], scope["path"]))
        if too_large:
            await problems.problem_response(_TOO_LARGE)(scope, receive, noted)
        elif hot is not None:
            scope["app"] = self._application
            await _answer(hot, scope, counted, noted)
        else:
            try:
                await self._app(scope, counted, noted)
            except Exception as error:
                if begun:
                    raise  # the rest of the answer is never to come, and its reader must see that
                await problems.broken(Request(scope), error)(scope, counted, noted)
        route = scope["path"] if hot is not None else getattr(scope.get("route"), "path", "unknown")
        _REQUESTS.labels(scope["method"], route, status).inc()
        _SECONDS.labels(route).observe(monotonic_s() - began)


@dataclass(frozen=True, slots=True)
class Hot:
    """A route served without the framework between: a shopper waits, and the way there costs as much as the work."""

    access: Access
    handler: Handler


_HOT_PATHS: Final = frozenset({("POST", "/v1/risk/checks")})


def _scoped_routes() -> list[ScopedRoute]:
    return [route for module in _ROUTERS for route in module.routes.routes if isinstance(route, ScopedRoute)]


def _hot_routes() -> dict[tuple[str, str], Hot]:
    """The hot routes as they are declared; their handlers take the bare request and answer a response themselves."""
    return {
        (method, route.path): Hot(access_of(route), route.endpoint)
        for route in _scoped_routes()
        for method in route.methods or ()
        if (method, route.path) in _HOT_PATHS
    }


async def _answer(hot: Hot, scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    try:
        response = await serve(request, hot.access, hot.handler, waits=False)
    except Refusal as refusal:
        response = problems.problem_response(refusal)
    except Exception as error:
        response = problems.broken(request, error)
    await response(scope, receive, send)


_TOO_LARGE = Refusal(413, "body_too_large", "a body is at most 2 MB; send smaller batches")


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _openapi(app: FastAPI, contracts: Contracts) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = document(app, _scoped_routes(), contracts, [risk.Check])
    return app.openapi_schema
