"""Readers at work during a test, and what the log then holds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from intake.transport import Transport
from tests.platform import Shop


@contextlib.asynccontextmanager
async def reading(*transports: Transport) -> AsyncIterator[None]:
    """These transports run; one that fails fails the test."""
    tasks = [asyncio.create_task(one.run()) for one in transports]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def logged(shop: Shop) -> list[str]:
    """Ids of the events in the order of the log."""
    async with shop.parts.postgres.brand(shop.brand) as conn:
        found = await conn.execute("SELECT event_id FROM event_log ORDER BY seq")
        return [row[0] for row in await found.fetchall()]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that others do; fail when it never comes."""
    for _ in range(600):
        if await holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("this never came true")
