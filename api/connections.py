"""What one connection may cost: its head is bounded in bytes and time, its body in time, its silence, its number.

All of this holds for callers without a key, so nothing here waits for the application. Who is refused before there is
a request gets a problem of the one shape, and the connection is closed.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from core import limits
from core.canonical import canonical
from core.errors import Refusal, busy

_HEAD_PIECE_BYTES: Final = 8 * 1024
"""Of a head so much is parsed at a time: by so much may it exceed HEAD_BYTES_MAX unseen."""
_BODY_PIECE_BYTES: Final = 64 * 1024

_TOO_LONG: Final = Refusal(431, "head_too_large", "request line and headers are at most 32 kB, and 100 headers")
_TOO_SLOW: Final = Refusal(408, "too_slow", "the request did not come in time")
_NO_HTTP: Final = Refusal(400, "bad_request", "this is no HTTP/1.1 request")
_TOO_MANY: Final = Refusal(400, "bad_request", "too many requests were sent before the first was answered")


def server_config(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """How the application is served, always: bounded connections, and no log but that of the process."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Connection,
        ws="none",
        log_config=None,
        log_level="error",  # callers without a key could fill a log with warnings
        access_log=False,  # paths hold ids of members
        server_header=False,
        timeout_keep_alive=limits.IDLE_SECONDS_MAX,
        timeout_graceful_shutdown=5,
    )


class Connection(HttpToolsProtocol):
    """One connection of a caller: it brings a head, then a body, and waits for the answer; then the next head."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._waits_since = self.loop.time()
        self._in_body = False
        self._head_bytes = 0
        self._framing_bytes = 0
        self._refused = False

    # --- its beginning and its end

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection. Where there are too many, the one whose caller has been silent longest makes room."""
        super().connection_made(transport)
        self._within(limits.HEAD_SECONDS_MAX)
        if len(self.connections) <= limits.CONNECTIONS_MAX:
            return
        silent = [one for one in self.connections if isinstance(one, Connection) and one is not self and one.silent]
        if silent:
            longest = min(silent, key=lambda one: one._waits_since)
            self.connections.discard(longest)
            longest.transport.abort()
        else:
            self._refuse(busy())

    @property
    def silent(self) -> bool:
        """Whether no whole head has come since the last answer: nobody waits for anything here."""
        return not self._in_body and not self._answering

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        return cycle is not None and not cycle.response_complete

    def connection_lost(self, exc: Exception | None) -> None:
        """Let every timer go."""
        self._in_time()
        self._is_read()
        super().connection_lost(exc)

    # --- what comes in

    def data_received(self, data: bytes) -> None:
        """Give the parser so little at a time that nothing outgrows its bound unseen."""
        begin = 0
        while begin < len(data) and not self._refused and not self.transport.is_closing():
            piece = data[begin : begin + (_BODY_PIECE_BYTES if self._in_body else _HEAD_PIECE_BYTES)]
            begin += len(piece)
            if self._in_body:
                self._framing_bytes += len(piece)
            else:
                if self._head_bytes == 0:
                    self._within(limits.HEAD_SECONDS_MAX)
                self._head_bytes += len(piece)
            super().data_received(piece)
            if self._head_bytes > limits.HEAD_BYTES_MAX or self._framing_bytes > limits.FRAMING_BYTES_MAX:
                self._refuse(_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or one of those that may follow a body sent in pieces."""
        super().on_header(name, value)
        if len(self.headers) > limits.HEADERS_MAX:
            self._refuse(_TOO_LONG)

    def on_headers_complete(self) -> None:
        """The head is whole: the application begins."""
        if self._refused:
            return
        self._within(limits.BODY_SECONDS_MAX)
        super().on_headers_complete()  # raises for a target that is no URL: until then there is no request
        self._in_body, self._head_bytes, self._framing_bytes = True, 0, 0
        if len(self.pipeline) > limits.PIPELINED_MAX:
            self._refuse(_TOO_MANY)

    def on_body(self, body: bytes) -> None:
        """A part of the body; what is left of the piece it came in is framing."""
        self._framing_bytes = max(0, self._framing_bytes - len(body))
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body, self._framing_bytes = False, 0
        self._in_time()
        if not self._refused:
            super().on_message_complete()

    # --- what goes out

    def on_response_complete(self) -> None:
        """The answer is given; a body that nobody read is not waited for much longer."""
        super().on_response_complete()
        self._waits_since = self.loop.time()
        if self._in_body and not self.transport.is_closing():
            self._within(limits.LINGER_SECONDS_MAX)

    def pause_writing(self) -> None:
        """The caller does not read its answer."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(limits.UNREAD_SECONDS_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads on."""
        self._is_read()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Answer what is no request; the parser's own words are not for callers."""
        self._refuse(_NO_HTTP)

    # --- its bounds

    def _within(self, seconds: float) -> None:
        self._in_time()
        self._deadline = self.loop.call_later(seconds, self._late)

    def _in_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _late(self) -> None:
        if self._in_body or self._head_bytes:
            self._refuse(_TOO_SLOW)
        else:  # it never asked for anything
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Say why, unless this request has its answer, or the beginning of one, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        answered = self.cycle.response_started if self._answering else self._in_body
        if not answered:
            self.transport.write(_answer(refusal))
        if self._answering:
            self.cycle.disconnected = True  # whatever the application says now is for nobody
            self.cycle.message_event.set()
        self.transport.close()


def _answer(refusal: Refusal) -> bytes:
    body = canonical(refusal.as_problem())
    lines = [
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "connection: close",
    ]
    if refusal.retry_after_seconds is not None:
        lines.append(f"retry-after: {refusal.retry_after_seconds}")
    return "\r\n".join([*lines, "", ""]).encode() + body
