"""The route class of the API: who may call is part of a route's declaration, and a write may be repeated safely.

Order of refusals: 413 and 401 before anything is read, 403 before the body is looked at, then the body itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from api.auth import OPEN, Principal, authenticate
from api.platform import platform
from api.problems import problem_response, refusal_of
from core.canonical import canonical
from core.clock import wall_now
from core.errors import Refusal
from core.stores.postgres import lock
from core.stores.queries import sql

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_NEVER_KEPT = frozenset({401, 403, 429})
_KEY_CHARS_MAX = 128


@dataclass(frozen=True, slots=True)
class _Answer:
    request_hash: bytes
    status: int
    content_type: str
    body: bytes


_READ = sql("brands/idempotent_read", _Answer)
_SAVE = sql("brands/idempotent_save")


def roles(*names: str) -> dict[str, Any]:
    """Who may call a route, admin always: ``@router.get(path, **roles("operator"))``; no name means admin only."""
    return {"openapi_extra": {"x-roles": sorted({*names, "admin"})}}


def anybody() -> dict[str, Any]:
    """A route that asks for no key."""
    return {"openapi_extra": {"x-roles": sorted(OPEN), "security": []}}


class ScopedRoute(APIRoute):
    """Authenticates, checks the role, then lets the route run; repeats of a keyed write get the first answer."""

    def get_route_handler(self) -> Handler:
        """The route's handler behind its guards."""
        handler = super().get_route_handler()
        allowed = allowed_roles(self)

        async def guarded(request: Request) -> Response:
            return await serve(request, allowed, handler)

        return guarded


def allowed_roles(route: APIRoute) -> frozenset[str]:
    """Who may call a route; nobody where it does not say."""
    return frozenset((route.openapi_extra or {}).get("x-roles", ()))


async def serve(request: Request, allowed: frozenset[str], handler: Handler) -> Response:
    """Run a handler for a caller who may call it; raises Refusal 401, 403, 400, or what the handler raises."""
    if allowed == OPEN:
        return await handler(request)
    who = await authenticate(request)
    if who.role not in allowed:
        raise Refusal(403, "forbidden_role", f"this is for {', '.join(sorted(allowed))}")
    request.state.who = who
    if request.method in _WRITES:
        await _check_encoding(request)
        key = request.headers.get("idempotency-key")
        if key is not None:
            return await _once(request, who, key, handler)
    return await handler(request)


def router(tag: str) -> APIRouter:
    """A router whose routes are denied unless they say who may call them."""
    return APIRouter(route_class=ScopedRoute, tags=[tag])


def caller(request: Request) -> Principal:
    """Who is calling; for routes behind a role."""
    who: Principal = request.state.who
    return who


async def _check_encoding(request: Request) -> None:
    try:
        (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, "bad_encoding", "the body is not UTF-8") from error


async def _once(
    request: Request, who: Principal, key: str, handler: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Run a write once per brand, path and key; the same again gets the first answer, refusals included."""
    if not 1 <= len(key) <= _KEY_CHARS_MAX or not key.isascii() or not key.isprintable():
        raise Refusal(422, "bad_idempotency_key", "an Idempotency-Key has 1 to 128 printable ASCII characters")
    parts, path = platform(request), request.url.path
    asked = hashlib.sha256(canonical([request.method, request.url.query]) + await request.body()).digest()
    async with parts.idempotency.brand(who.brand) as conn:
        # held for the length of the write: the same request at the same moment waits for the first one's answer
        await lock(conn, f"idempotency {who.brand} {path} {key}")
        kept = await _READ.one(conn, brand=who.brand, path=path, key=key)
        if kept is not None:
            if bytes(kept.request_hash) != asked:
                raise Refusal(409, "idempotency_conflict", "this Idempotency-Key was used with another request")
            headers = {"Idempotent-Replay": "true"}
            return Response(bytes(kept.body), kept.status, headers, media_type=kept.content_type)
        try:
            response = await handler(request)
        except Refusal as refusal:
            response = problem_response(refusal)
        except RequestValidationError as error:
            response = problem_response(refusal_of(error))
        if response.status_code < 500 and response.status_code not in _NEVER_KEPT:
            await _SAVE.run(
                conn,
                brand=who.brand,
                path=path,
                key=key,
                request_hash=asked,
                status=response.status_code,
                content_type=response.headers.get("content-type", "application/json"),
                body=bytes(response.body),
                at=wall_now(),
            )
        return response
