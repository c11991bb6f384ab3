"""What every path answers besides its own methods: HEAD where it can be read, OPTIONS, a 405 that names them all."""

from __future__ import annotations

from collections.abc import Iterable
from re import Pattern
from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOR_HEAD: Final = "trefoil.for_head"


def asks_for_head(request: Request) -> bool:
    """Whether a read is asked for its head alone: such a one starts nothing and waits for nothing (RFC 9110, safe)."""
    return _FOR_HEAD in request.scope


class Methods:
    """Serves HEAD as GET without the body, and says ``Allow`` over all routes of a path (RFC 9110)."""

    def __init__(self, app: ASGIApp, routes: Iterable[APIRoute]) -> None:
        self._app = app
        self._known: list[tuple[Pattern[str], set[str]]] = [
            (route.path_regex, set(route.methods or ())) for route in routes
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            # a copy: the server goes by the method it was asked with
            asked = {**scope, "method": "GET", _FOR_HEAD: True}
            await self._app(asked, receive, _without_body(self._allowing(scope, send)))
            if "route" in asked:
                scope["route"] = asked["route"]
        elif scope["type"] == "http" and scope["method"] == "OPTIONS" and (allow := self._allow(scope["path"])):
            await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow.encode())]})
            await send({"type": "http.response.body", "body": b""})
        elif scope["type"] == "http":
            await self._app(scope, receive, self._allowing(scope, send))
        else:
            await self._app(scope, receive, send)

    def _allow(self, path: str) -> str:
        """What may be asked of a path; empty for one that no route has."""
        found = set().union(*(methods for pattern, methods in self._known if pattern.match(path)))
        if "GET" in found:
            found.add("HEAD")
        return ", ".join(sorted({*found, "OPTIONS"})) if found else ""

    def _allowing(self, scope: Scope, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 405 and self._allow(scope["path"]):
                MutableHeaders(scope=message)["allow"] = self._allow(scope["path"])
            await send(message)

        return sent


def _without_body(send: Send) -> Send:
    async def sent(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sent
