"""What every transport promises whatever its client library does: it goes on until asked to end, and ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core import limits
from core.errors import unavailable
from intake.message import Message, stretches
from intake.transport import Transport


class Scripted:
    """A line whose reads end as the test says; after that nothing comes."""

    name = "scripted"
    away = (OSError,)

    def __init__(self, *ends: BaseException, swallows: bool = False) -> None:
        self.ends = list(ends)
        self.swallows = swallows
        self.idle = asyncio.Event()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        try:
            yield
        except asyncio.CancelledError:
            if not self.swallows:
                raise

    async def read(self) -> list[Message]:
        if self.ends:
            raise self.ends.pop(0)
        self.idle.set()
        await asyncio.sleep(3600)
        return []


def transport(line: Any) -> Transport:
    nothing: Any = None
    return Transport(line, nothing, nothing, nothing)


async def test_it_goes_on_after_everything_that_may_be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client whose connection breaks may even cancel whoever waits for it."""
    monkeypatch.setattr(limits, "POLL_SECONDS", 0)
    line = Scripted(unavailable("postgres"), ConnectionError("gone"), asyncio.CancelledError())
    task = asyncio.create_task(transport(line).run())
    async with asyncio.timeout(10):
        await line.idle.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_defect_is_not_taken_for_an_outage() -> None:
    with pytest.raises(ZeroDivisionError):
        await transport(Scripted(ZeroDivisionError())).run()


async def test_it_ends_when_asked_even_if_its_client_swallows_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POLL_SECONDS", 0)
    line = Scripted(swallows=True)
    task = asyncio.create_task(transport(line).run())
    await line.idle.wait()
    task.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await task


def test_stretches_keep_order_and_both_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STREAM_READ_MAX", 3)
    monkeypatch.setattr(limits, "STREAM_BYTES_MAX", 100)
    sizes = [10, 10, 10, 10, 90, 5, 300, 1]
    messages = [Message(str(n), {}, ((b"", b"x" * size),)) for n, size in enumerate(sizes)]
    parts = list(stretches(messages))
    assert [message for part in parts for message in part] == messages
    assert [[message.size_bytes for message in part] for part in parts] == [[10, 10, 10], [10, 90], [5], [300], [1]]
    assert list(stretches([])) == []
