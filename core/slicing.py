"""Long work on many things in slices: whoever else waits for the process has a turn between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from core import limits
from core.clock import monotonic_s

Item = TypeVar("Item")


async def sliced(items: Iterable[Item]) -> AsyncIterator[Item]:
    """The same items in order, with a turn for others whenever the work on them has taken ``TURN_SECONDS_MAX``."""
    since = monotonic_s()
    for item in items:
        yield item
        if monotonic_s() - since >= limits.TURN_SECONDS_MAX:
            await asyncio.sleep(0)
            since = monotonic_s()
