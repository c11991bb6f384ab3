"""Work that many callers share: while one batch is under way, the next one gathers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Batcher(Generic[Asked, Answer]):
    """Turns single calls into batches without ever waiting for company: an idle batcher starts at once.

    ``work`` answers each of its arguments in the order given, at most ``size_max`` of them; what it raises is raised to
    every caller of that batch, an answer that is an error to its own caller. Whoever cancels the answer before its
    batch begins is left out of it.
    """

    def __init__(
        self, work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer | Exception]]], size_max: int
    ) -> None:
        self._work = work
        self._size_max = size_max
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, asked: Asked) -> asyncio.Future[Answer]:
        """Join the next batch."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return answer

    async def _drain(self) -> None:
        while self._waiting:
            batch = [one for one in self._waiting[: self._size_max] if not one[1].cancelled()]
            del self._waiting[: self._size_max]
            if not batch:
                continue
            try:
                answers = await self._work([asked for asked, _ in batch])
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), found in zip(batch, answers, strict=True):
                if answer.done():
                    continue
                if isinstance(found, Exception):
                    answer.set_exception(found)
                else:
                    answer.set_result(found)
