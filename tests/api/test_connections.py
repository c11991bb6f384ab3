"""What callers without a key can cost: heads, bodies, silence and connections are bounded, whatever is sent."""

from __future__ import annotations

import asyncio
import json
import os
from urllib.parse import urlsplit

import psutil
import pytest

from core import limits
from tests.platform import Running, Shop

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Line:
    """A connection on which a test says exactly what it wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, installation: Running) -> Line:
        address = urlsplit(installation.url)
        return cls(*await asyncio.open_connection(address.hostname, address.port))

    async def say(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            try:
                await self.writer.drain()
            except ConnectionError:
                return

    async def answer(self) -> tuple[int, str | None]:
        """Status and code of the next answer; status 0 where the connection ends without one."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0, None
        status = int(head.split(b" ")[1])
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = json.loads(await self.reader.readexactly(length))
        if status >= 400:
            assert b"application/problem+json" in head and body["status"] == status
        return status, body.get("code")

    async def ended(self) -> bool:
        """Whether the server closes; it waits for that."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.writer.close()


@pytest.fixture
async def line(installation: Running) -> Line:
    return await Line.to(installation)


async def test_a_head_is_bounded_in_bytes_and_in_lines(installation: Running) -> None:
    many = b"".join(b"a%d: b\r\n" % n for n in range(limits.HEADERS_MAX + 1))
    heads = [
        b"GET /healthz HTTP/1.1\r\nA: " + b"x" * (2 * limits.HEAD_BYTES_MAX),
        b"GET /healthz HTTP/1.1\r\n" + b"x" * (2 * limits.HEAD_BYTES_MAX),
        b"GET /" + b"x" * (2 * limits.HEAD_BYTES_MAX),
        b"GET /healthz HTTP/1.1\r\n" + many + b"\r\n",
        b"GET /healthz HTTP/1.1\r\n" + many + b"a: ",  # a header is whole when the next one begins
    ]
    for head in heads:
        line = await Line.to(installation)
        await line.say(head)
        assert await line.answer() == (431, "head_too_large"), head[:40]
        assert await line.ended()
    # as much as may be is fine, in one piece or in many
    line = await Line.to(installation)
    head = b"GET /healthz HTTP/1.1\r\n" + many[: many.rindex(b"a98")] + b"B: " + b"y" * 20_000 + b"\r\n\r\n"
    await line.say(head, *(head[n : n + 1_000] for n in range(0, len(head), 1_000)))
    assert [await line.answer() for _ in "ab"] == [(200, None)] * 2
    line.close()


async def test_half_a_gigabyte_of_headers_costs_nothing(installation: Running) -> None:
    process = psutil.Process(os.getpid())
    before = process.memory_info().rss
    sent = 0
    for _ in range(40):
        line = await Line.to(installation)
        for _ in range(64):
            await line.say(b"A: " + b"x" * 200_000 + b"\r\n" if sent else GET[:-2])
            sent += 200_000
            if line.writer.is_closing() or line.reader.at_eof():
                break
        line.close()
    assert process.memory_info().rss - before < 64 * 1024 * 1024


async def test_a_head_has_its_time(installation: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its first byte on, however slowly it trickles in; and before that byte of a fresh connection."""
    monkeypatch.setattr(limits, "HEAD_SECONDS_MAX", 0.6)
    silent, half, slow = [await Line.to(installation) for _ in range(3)]
    await half.say(GET[:-2])

    async def trickle() -> None:
        for sign in GET[:-1]:
            await slow.say(bytes([sign]))
            await asyncio.sleep(0.1)

    trickling = asyncio.create_task(trickle())
    assert await half.answer() == (408, "too_slow")
    assert await slow.answer() == (408, "too_slow")
    assert await silent.answer() == (0, None)
    trickling.cancel()
    line = await Line.to(installation)
    await line.say(GET)
    assert await line.answer() == (200, None)
    await line.say(GET[:5])  # the next one on the same connection
    assert await line.answer() == (408, "too_slow")


async def test_a_body_has_its_time_and_no_one_waits_for_what_nobody_wants(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS_MAX", 0.5)
    monkeypatch.setattr(limits, "LINGER_SECONDS_MAX", 0.3)
    head = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    known = b"Authorization: Bearer " + shop.keys["pipeline"].encode() + b"\r\n"
    line = await Line.to(installation)
    await line.say(head + known + b"\r\n[")
    assert await line.answer() == (408, "too_slow")
    assert await line.ended()
    # without a key the answer comes before the body, and the connection does not outlive it for long
    line = await Line.to(installation)
    await line.say(head + b"\r\n[")
    assert await line.answer() == (401, "no_key")
    assert await line.ended()
    # a body without an end, in pieces
    for key in (b"", known):
        line = await Line.to(installation)
        await line.say(head[: head.index(b"Content-Length")] + key + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            await line.say(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
        assert (await line.answer())[0] in (401, 413)
        assert await line.ended()


async def test_what_is_sent_beside_a_body_is_bounded(installation: Running, shop: Shop) -> None:
    known = b"Authorization: Bearer " + shop.keys["pipeline"].encode() + b"\r\n"
    head = b"POST /v1/events HTTP/1.1\r\nHost: x\r\n" + known + b"Transfer-Encoding: chunked\r\n\r\n"
    after = b"".join(b"a%d: b\r\n" % n for n in range(limits.HEADERS_MAX + 1))
    tails = [
        b"1\r\n[\r\n" + b"0\r\n" + after,
        b"1\r\n[\r\n" + b"0\r\nA: " + b"x" * 2 * limits.FRAMING_BYTES_MAX,
        b"1;" + b"x" * 2 * limits.FRAMING_BYTES_MAX,
    ]
    for tail in tails:
        line = await Line.to(installation)
        await line.say(head + tail)
        assert (await line.answer())[0] in (431, 400), tail[:20]
        assert await line.ended()


async def test_connections_are_bounded_and_silent_ones_make_room(
    installation: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifteen hundred half-sent requests: the latest callers are served all the same, and no more stand open."""
    bound = 50
    monkeypatch.setattr(limits, "CONNECTIONS_MAX", bound)
    lines = []
    for _ in range(300):
        line = await Line.to(installation)
        await line.say(GET[:-2])
        lines.append(line)
    caller = await Line.to(installation)
    await caller.say(GET)
    assert await caller.answer() == (200, None)
    ended = await asyncio.gather(*(closed(line) for line in lines))
    assert sum(ended) >= 300 - bound
    assert not all(ended[-10:])  # those that came last still have their time
    for line in [*lines, caller]:
        line.close()


async def closed(line: Line) -> bool:
    try:
        async with asyncio.timeout(0.5):
            return await line.ended()
    except TimeoutError:
        return False


async def test_requests_sent_ahead_are_bounded(installation: Running) -> None:
    line = await Line.to(installation)
    await line.say(GET * 5)
    assert [await line.answer() for _ in range(5)] == [(200, None)] * 5
    await line.say(GET * 2_000)
    answers = []
    while (answer := await line.answer())[0]:
        answers.append(answer)
    assert len(answers) < 100


async def test_what_is_no_request_is_a_problem(installation: Running) -> None:
    for text in (
        b"nonsense\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nA\x00: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nA: b\x00\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"CONNECT h:443 HTTP/1.1\r\n\r\n",
        b"GET http://h:99999/ HTTP/1.1\r\n\r\n",
        b"GET http://[/x HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ):
        line = await Line.to(installation)
        await line.say(text)
        status, code = await line.answer()
        assert 400 <= status < 500 and code, text[:60]
        line.close()
    upgrade = await Line.to(installation)
    await upgrade.say(GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n")
    assert await upgrade.answer() == (200, None)
    upgrade.close()


async def test_an_answer_that_nobody_reads_is_given_up(
    installation: Running, standing_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNREAD_SECONDS_MAX", 0.3)
    line = await Line.to(installation)
    get = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    # unread answers fill the buffers between the two, a dozen at a time
    try:
        async with asyncio.timeout(60):
            while True:
                line.writer.write(get * 10)
                await asyncio.sleep(0.05)
                if line.writer.transport.is_closing():
                    break
                await line.writer.drain()
    except ConnectionError:
        pass
    line.close()
