"""Events from a Redis stream: order, dead letters, what a dead consumer left. On a database of Redis of their own."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from core import limits
from intake.streams import DEAD, GROUP, STREAM, StreamIntake
from tests.platform import Running, Shop

PERSONAL = "13912345678"


@pytest_asyncio.fixture
async def redis(installation: Running) -> AsyncIterator[Redis]:
    """The second database of the same Redis: the worker of the installation reads the first."""
    url, _, _ = installation.settings.redis_url.rpartition("/")
    async with Redis.from_url(f"{url}/1") as client:
        await client.flushdb()
        yield client
        await client.flushdb()


def consumer(redis: Redis, installation: Running) -> StreamIntake:
    parts = installation.parts
    return StreamIntake(redis, parts.postgres, parts.intake, parts.keyring)


@contextlib.asynccontextmanager
async def reading(*consumers: StreamIntake) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()) for one in consumers]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def put(redis: Redis, event: Any) -> None:
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    await redis.xadd(STREAM, {"event": raw})


async def taken(redis: Redis) -> None:
    """Wait until everything on the stream is read and acknowledged."""
    for _ in range(200):
        groups: Any = await redis.xinfo_groups(STREAM)
        if groups and groups[0]["pending"] == 0 and groups[0]["lag"] == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the stream is not read to its end")


async def dead(redis: Redis) -> list[tuple[str, bytes, dict[str, Any]]]:
    letters: Any = await redis.xrange(DEAD)
    return [(number.decode(), fields[b"event"], json.loads(fields[b"problem"])) for number, fields in letters]


async def logged(shop: Shop) -> list[str]:
    """Ids of the events in the order of the log."""
    async with shop.parts.postgres.brand(shop.brand) as conn:
        found = await conn.execute("SELECT event_id FROM event_log ORDER BY seq")
        return [row[0] for row in await found.fetchall()]


async def test_the_stream_is_the_same_intake(installation: Running, redis: Redis, shop: Shop, other_shop: Shop) -> None:
    mine = [{**shop.events.registered(f"m{n}"), "brand": shop.brand} for n in range(30)]
    theirs = [{**other_shop.events.registered(f"m{n}"), "brand": other_shop.brand} for n in range(30)]
    for pair in zip(mine, theirs, strict=True):
        for event in pair:
            await put(redis, event)
    await put(redis, mine[0])  # again
    async with reading(consumer(redis, installation)):
        await taken(redis)
    assert await logged(shop) == [event["id"] for event in mine]
    assert await logged(other_shop) == [event["id"] for event in theirs]
    assert await dead(redis) == []
    # what came by stream is known by HTTP
    assert [item["status"] for item in await shop.answers(*mine)] == ["duplicate"] * 30
    await shop.drain()
    assert (await shop.outcome(1))["graph"] == "applied"


async def test_what_cannot_be_taken_is_buried_with_its_problem_and_blocks_nothing(
    installation: Running, redis: Redis, shop: Shop
) -> None:
    good = {**shop.events.registered("m"), "brand": shop.brand}
    conflict = {**good, "data": {**good["data"], "platform": "app"}}
    personal = {**shop.events.identified("m", phone=PERSONAL), "brand": shop.brand, "nick": PERSONAL}
    del personal["data"]["seen_at"]
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    cases: list[tuple[Any, str]] = [
        (b"{", "bad_json"),
        (b"[1]", "bad_json"),
        (b"", "bad_json"),
        (b'{"phone": "%s"' % PERSONAL.encode(), "bad_json"),
        (b'{"brand": "\xff"}', "bad_encoding"),
        ({"brand": shop.brand, "phone": deep}, "bad_json"),
        (shop.events.registered("x"), "missing_field"),
        ({**shop.events.registered("x"), "brand": "nobody"}, "unknown_brand"),
        ({**shop.events.registered("x"), "brand": 7}, "unknown_brand"),
        (conflict, "event_conflict"),
        (personal, "missing_field"),
        (b" " * (limits.BODY_BYTES_MAX + 1), "body_too_large"),
    ]
    await put(redis, good)
    for event, _ in cases:
        await put(redis, event)
    await redis.xadd(STREAM, {"message": "no event at all"})
    await put(redis, {**shop.events.registered("last"), "brand": shop.brand})
    async with reading(consumer(redis, installation)):
        await taken(redis)
    letters = await dead(redis)
    codes = [problem["code"] for _, _, problem in letters]
    assert sorted(codes) == sorted([*(code for _, code in cases), "bad_json"])
    assert all({"type", "title", "status", "code", "detail"} <= problem.keys() for _, _, problem in letters)
    assert len(await logged(shop)) == 2
    everything = b"".join(raw for _, raw, _ in letters) + json.dumps([p for _, _, p in letters]).encode()
    assert PERSONAL.encode() not in everything
    # impersonal ones stay as they came
    assert {b"{", b'{"brand": "\xff"}'} <= {raw for _, raw, _ in letters}
    assert conflict["id"] in [json.loads(raw)["id"] for _, raw, p in letters if p["code"] == "event_conflict"]


async def test_a_dead_letter_is_played_again_as_it_came(installation: Running, redis: Redis, shop: Shop) -> None:
    """Sent before its brand was there; later the same letter is taken, personal values and all."""
    intake = consumer(redis, installation)
    event = {**shop.events.identified("m", phone=PERSONAL), "brand": shop.brand, "time": "2026"}
    await put(redis, event)
    await put(redis, b'{"phone": "%s"' % PERSONAL.encode())
    async with reading(intake):
        await taken(redis)
        letters = await dead(redis)
        assert PERSONAL.encode() not in b"".join(raw for _, raw, _ in letters)
        assert [(n, p["code"]) for n, _, p in await intake.dead_letters(10)] == [
            (n, p["code"]) for n, _, p in reversed(letters)
        ]
        await redis.xtrim(STREAM, maxlen=0)
        for number, _, _ in letters:
            assert await intake.replay(number)
            assert not await intake.replay(number)
        back: Any = await redis.xrange(STREAM)
        played = {fields[b"event"] for _, fields in back}
        assert b'{"phone": "%s"' % PERSONAL.encode() in played
        assert event in [json.loads(raw) for raw in played if raw.endswith(b"}")]
        await taken(redis)
    assert len(await dead(redis)) == 2  # still wrong, so buried again
    assert not await intake.replay("1-1")


async def test_what_a_dead_consumer_left_is_taken_over_in_order(
    installation: Running, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_IDLE_MS_MAX", 50)
    events = [{**shop.events.identified("m", days=n, phone=PERSONAL), "brand": shop.brand} for n in range(40)]
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for event in events[:20]:
        await put(redis, event)
    await redis.xreadgroup(GROUP, "one that died", {STREAM: ">"}, count=15)
    await asyncio.sleep(0.1)
    for event in events[20:]:
        await put(redis, event)
    async with reading(consumer(redis, installation), consumer(redis, installation)):
        await taken(redis)
    assert sorted(await logged(shop)) == sorted(event["id"] for event in events)
    await shop.drain()
    assert (await shop.get("/v1/consistency"))["ok"]


async def test_one_consumer_takes_over_before_it_reads_on(
    installation: Running, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_IDLE_MS_MAX", 50)
    events = [{**shop.events.registered("m", entry_channel=str(n)), "brand": shop.brand} for n in range(30)]
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for event in events:
        await put(redis, event)
    await redis.xreadgroup(GROUP, "one that died", {STREAM: ">"}, count=20)
    await asyncio.sleep(0.1)
    async with reading(consumer(redis, installation)):
        await taken(redis)
    assert await logged(shop) == [event["id"] for event in events]


async def test_the_worker_reads_the_stream(installation: Running, shop: Shop) -> None:
    """The whole way: XADD with the attribute brand, and the books know it."""
    e = shop.events
    for event in (e.registered("p"), e.approved("p", invited_by=None), e.paid("o1", "c", 10_000, promoter_id="p")):
        await put(installation.parts.redis, {**event, "brand": shop.brand})
    for _ in range(200):
        if len(await logged(shop)) == 3:
            break
        await asyncio.sleep(0.05)
    await shop.drain()
    assert await shop.balances("p") == {"pending_fen": 1_000}
