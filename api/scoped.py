"""The route class of the API: who may call is part of a route's declaration, and a write may be repeated safely.

Order of refusals: 413 and 401 before anything is read, 403 before the body is looked at, then the body itself.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from api.auth import OPEN, authenticate, is_scraper
from api.once import idempotency_key, once, once_if_possible
from core.errors import Refusal

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Access:
    """What a route declares about its callers.

    ``owner`` narrows the roles to the brand that owns the installation, ``scraped`` lets in the token for figures,
    ``secrets`` names the fields of the answer that are shown but once.
    """

    roles: frozenset[str]
    owner: bool
    scraped: bool
    secrets: tuple[str, ...]


def roles(*names: str, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """Who may call a route, admin always: ``@router.get(path, **roles("operator"))``; no name means admin only.

    ``secrets`` names the fields of the answer to a write that are shown once and kept nowhere.
    """
    declared: dict[str, Any] = {"x-roles": sorted({*names, "admin"})}
    return {"openapi_extra": declared | ({"x-shown-once": list(secrets)} if secrets else {})}


def owner(*, scraped: bool = False, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """A route for the admin of the brand that owns the installation; ``scraped``: also for the token for figures."""
    declared = roles(secrets=secrets)
    declared["openapi_extra"] |= {"x-owner": True} | ({"x-scraped": True} if scraped else {})
    return declared


def anybody() -> dict[str, Any]:
    """A route that asks for no key."""
    return {"openapi_extra": {"x-roles": sorted(OPEN), "security": []}}


class ScopedRoute(APIRoute):
    """Authenticates, checks the role, then lets the route run; repeats of a keyed write get the first answer."""

    def get_route_handler(self) -> Handler:
        """The route's handler behind its guards."""
        handler = super().get_route_handler()
        access = access_of(self)

        async def guarded(request: Request) -> Response:
            return await serve(request, access, handler)

        return guarded


def access_of(route: APIRoute) -> Access:
    """What a route declares; nobody may call one that does not say who may."""
    declared = route.openapi_extra or {}
    return Access(
        roles=frozenset(declared.get("x-roles", ())),
        owner=declared.get("x-owner", False),
        scraped=declared.get("x-scraped", False),
        secrets=tuple(declared.get("x-shown-once", ())),
    )


async def serve(request: Request, access: Access, handler: Handler, *, waits: bool = True) -> Response:
    """Run a handler for a caller who may call it; raises Refusal 401, 403, 400, or what the handler raises.

    Without ``waits`` a keyed write is not held up by its key: see :func:`api.once.once_if_possible`.
    """
    if access.roles == OPEN or (access.scraped and is_scraper(request)):
        return await handler(request)
    who = await authenticate(request)
    if who.role not in access.roles:
        raise Refusal(403, "forbidden_role", f"this is for {', '.join(sorted(access.roles))}")
    if access.owner and not who.owns_installation:
        raise Refusal(403, "forbidden_role", "this is for the admin of the brand that owns the installation")
    request.state.who = who
    if request.method not in _WRITES:
        return await handler(request)
    await _check_body(request)
    key = idempotency_key(request)
    if key is None:
        return await handler(request)
    if waits:
        return await once(request, who, key, handler, access.secrets)
    return await once_if_possible(request, who, key, handler)


def router(tag: str) -> APIRouter:
    """A router whose routes are denied unless they say who may call them."""
    return APIRouter(route_class=ScopedRoute, tags=[tag], strict_content_type=False)


_JSON: Final = re.compile(r"application/([a-z0-9.-]+\+)?json")


async def _check_body(request: Request) -> None:
    """Raises Refusal 415 before a body is read that comes packed, or is no JSON; 400 where it is not plain UTF-8."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refusal(415, "unsupported_encoding", "send the body as it is, without Content-Encoding")
    if _has_body(request):
        _check_media_type(request.headers.get("content-type", ""))
    body = await request.body()
    # parsers differ in what they make of these: RFC 8259 knows neither a mark nor a NUL, which UTF-16 is full of
    if body.startswith(codecs.BOM_UTF8) or b"\0" in body:
        raise Refusal(400, "bad_encoding", "the body is UTF-8 without a byte-order mark and without NUL")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, "bad_encoding", "the body is not UTF-8") from error


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def _check_media_type(content_type: str) -> None:
    """A body of no declared type is taken for JSON; raises Refusal 415 for another type or charset."""
    if not content_type.strip():
        return
    said = Message()
    said["content-type"] = content_type
    if not _JSON.fullmatch(said.get_content_type()):
        raise Refusal(415, "unsupported_media_type", "send JSON: application/json, or a type that ends with +json")
    if said.get_content_charset("utf-8") not in ("utf-8", "utf8", "us-ascii"):
        raise Refusal(415, "unsupported_media_type", "send JSON in UTF-8")
