"""What a worker dies of is found out by those after it, and set aside; stopping and outages are no deaths."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from api.platform import Platform
from core import limits
from core.clock import wall_now
from events import aside, log
from events.consumer import Budget
from tests.platform import Shop
from worker.following import Following

NAME = "mortal"


class Died(BaseException):
    """The process ended here: nothing that stands behind is run."""


class Mortal:
    """A consumer of a test's own; ``meets`` is asked before each stretch, with its numbers."""

    name = NAME
    follows = None

    def __init__(self, parts: Platform, meets: Callable[[list[int]], None]) -> None:
        self._postgres = parts.postgres
        self._meets = meets
        self.aside: list[int] = []

    async def step(self, brand: str, budget: Budget) -> int | None:
        async with self._postgres.brand(brand) as conn:
            stands, head = await log.watermark(conn, brand, NAME), await log.head_seq(conn, brand)
            events = await log.read(conn, brand, stands, head, budget)
            if not events:
                return 0
            self._meets([event.seq for event in events])
            await log.advance(conn, brand, NAME, events[-1].seq)
        return len(events)

    async def set_aside(self, brand: str, error: str) -> int:
        async with self._postgres.brand(brand) as conn:
            seq = await log.watermark(conn, brand, NAME) + 1
            await aside.put(conn, brand, NAME, {seq: error}, wall_now())
            await log.advance(conn, brand, NAME, seq)
        self.aside.append(seq)
        return seq

    async def recover(self, brand: str) -> None:
        raise AssertionError


async def life(shop: Shop, consumer: Mortal) -> bool:
    """One worker until it has come to the end of the log, or to its own: whether it died."""
    following = Following(consumer, shop.parts.postgres, asyncio.Semaphore(1))
    following.tell([shop.brand])
    (state,) = following._brands.values()
    assert state.task is not None
    (end,) = await asyncio.gather(state.task, return_exceptions=True)
    assert end is None or isinstance(end, Died)
    return end is not None


async def events_of(shop: Shop, count: int) -> list[int]:
    return await shop.accept(*(shop.events.registered(f"m{n}") for n in range(count)))


async def kept(shop: Shop) -> aside.Try | None:
    async with shop.parts.postgres.brand(shop.brand) as conn:
        return await aside.last_try(conn, shop.brand, NAME)


async def stands(shop: Shop) -> int:
    async with shop.parts.postgres.brand(shop.brand) as conn:
        return await log.watermark(conn, shop.brand, NAME)


@pytest.mark.parametrize("place", [0, 13, 19])
async def test_an_event_that_workers_die_of_is_set_aside(shop: Shop, place: int) -> None:
    seqs, alone = await events_of(shop, 20), []

    def meets(numbers: list[int]) -> None:
        if seqs[place] in numbers:
            alone.append(len(numbers) == 1)
            raise Died

    consumer, deaths = Mortal(shop.parts, meets), 0
    while await life(shop, consumer):
        deaths += 1
    assert consumer.aside == [seqs[place]] and await stands(shop) == seqs[-1]
    assert alone.count(True) == limits.POISON_TRIES_MAX and deaths == limits.POISON_TRIES_MAX + 1
    assert await kept(shop) is None


async def test_two_such_events_are_both_set_aside(shop: Shop) -> None:
    seqs = await events_of(shop, 12)

    def meets(numbers: list[int]) -> None:
        if {seqs[3], seqs[4]} & set(numbers):
            raise Died

    consumer = Mortal(shop.parts, meets)
    while await life(shop, consumer):
        pass
    assert consumer.aside == [seqs[3], seqs[4]] and await stands(shop) == seqs[-1]


async def test_failures_are_counted_across_workers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POLL_SECONDS", 60)  # whoever failed waits so long, and is stopped meanwhile
    seqs, alone = await events_of(shop, 6), list[int]()

    def meets(numbers: list[int]) -> None:
        if seqs[2] in numbers:
            alone.extend(numbers if len(numbers) == 1 else ())
            raise ZeroDivisionError

    consumer = Mortal(shop.parts, meets)
    for tries in range(1, limits.POISON_TRIES_MAX):
        following = Following(consumer, shop.parts.postgres, asyncio.Semaphore(1))
        following.tell([shop.brand])
        async with asyncio.timeout(30):
            while (last := await kept(shop)) is None or last.tries < tries:  # noqa: ASYNC110 - it is kept in Postgres
                await asyncio.sleep(0.01)
        await following.stop()
        assert len(alone) == tries and consumer.aside == []
    assert not await life(shop, consumer)
    assert len(alone) == limits.POISON_TRIES_MAX
    assert consumer.aside == [seqs[2]] and await stands(shop) == seqs[-1]
    assert await kept(shop) is None


async def test_stopping_and_outages_are_no_deaths(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POLL_SECONDS", 60)
    seqs, reached, away = await events_of(shop, 3), asyncio.Event(), True

    def meets(numbers: list[int]) -> None:
        reached.set()
        if away:
            raise ConnectionError

    consumer = Mortal(shop.parts, meets)
    for _ in range(limits.POISON_TRIES_MAX + 2):
        reached.clear()
        following = Following(consumer, shop.parts.postgres, asyncio.Semaphore(1))
        following.tell([shop.brand])
        await reached.wait()
        await following.stop()
        last = await kept(shop)
        assert last is not None and not last.under_way and last.tries == 0
    away = False
    assert not await life(shop, consumer)
    assert consumer.aside == [] and await stands(shop) == seqs[-1]
    assert await kept(shop) is None


async def test_who_has_something_to_do_is_one_question(shop: Shop, other_shop: Shop) -> None:
    seqs = await events_of(shop, 3)
    await events_of(other_shop, 1)

    async def behind() -> set[tuple[str, str]]:
        async with shop.parts.postgres.installation() as conn:
            found = await aside.behind(conn, [NAME, "other"])
        return {(one.brand, one.consumer) for one in found if one.brand in (shop.brand, other_shop.brand)}

    everything = {(brand, name) for brand in (shop.brand, other_shop.brand) for name in (NAME, "other")}
    assert await behind() == everything
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await log.advance(conn, shop.brand, NAME, seqs[-1])
    assert await behind() == everything - {(shop.brand, NAME)}
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await aside.trouble(conn, shop.brand, NAME, "failing", "x", wall_now())
    assert await behind() == everything  # whether it is well again is looked at, too
