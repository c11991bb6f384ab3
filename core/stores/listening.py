"""Hearing what Postgres notifies, for as long as a process lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, nullcontext

import psycopg

from core import limits
from core.stores.away import end_if_cancelled
from core.stores.postgres import Postgres


async def notifications(
    postgres: Postgres, channel: str, hearing: Callable[[], AbstractContextManager[None]] = nullcontext
) -> AsyncIterator[str]:
    """Payloads of a channel, for ever; a lost connection is made again, and what was said meanwhile is missed.

    ``hearing`` is entered when nothing is missed from then on, and left when that is over.
    """
    while True:
        try:
            async with await postgres.listener() as conn:
                await conn.execute(f"LISTEN {channel}".encode())
                with hearing():
                    async for notice in conn.notifies():
                        yield notice.payload
        except (psycopg.Error, OSError):
            end_if_cancelled()
            await asyncio.sleep(limits.POLL_SECONDS)
