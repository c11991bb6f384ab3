"""Events from a Redis stream: order whoever reads, dead letters, what is left of the stream.

On a database of Redis of their own: the worker of the installation reads the first.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from core import limits
from core.stores.postgres import Postgres
from intake.dead_letters import LetterBox
from intake.streams import CONSUMER, DEAD, GROUP, STREAM, RedisLine
from intake.transport import Transport
from privacy.vault import seal, to_text
from tests.intake.reading import logged, reading, until
from tests.platform import Running, Shop

PERSONAL = "13912345678"
NAMED = b"zhang wei, nanjing lu"


@pytest_asyncio.fixture
async def redis(installation: Running) -> AsyncIterator[Redis]:
    """The second database of the same Redis."""
    url, _, _ = installation.settings.redis_url.rpartition("/")
    async with Redis.from_url(f"{url}/1") as client:
        await client.flushdb()
        yield client
        await client.flushdb()


def stream(redis: Redis, installation: Running, line: type[RedisLine] = RedisLine) -> Transport:
    """A worker's reader of the stream."""
    parts = installation.parts
    letter_box = LetterBox(parts.keyring)
    return Transport(line(redis, parts.postgres, letter_box), parts.postgres, parts.intake, letter_box)


async def put(redis: Redis, *events: Any) -> None:
    for event in events:
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        await redis.xadd(STREAM, {"event": raw})


async def taken(redis: Redis) -> None:
    """Wait until everything on the stream is read and acknowledged."""

    async def done() -> bool:
        with contextlib.suppress(Exception):
            (group,) = [g for g in await redis.xinfo_groups(STREAM) if g["name"] == GROUP.encode()]
            (last,) = await redis.xrevrange(STREAM, count=1) or [(group["last-delivered-id"], {})]
            return bool(group["pending"] == 0 and group["last-delivered-id"] == last[0])
        return False

    await until(done)


async def dead(redis: Redis) -> list[tuple[str, bytes, dict[str, Any]]]:
    letters: Any = await redis.xrange(DEAD)
    return [(number.decode(), fields[b"event"], json.loads(fields[b"problem"])) for number, fields in letters]


async def everything(redis: Redis) -> bytes:
    """All bytes of all dead letters."""
    letters: Any = await redis.xrange(DEAD)
    return b"\n".join(part for _, fields in letters for field in fields.items() for part in field)


def one_member(shop: Shop, count: int) -> list[dict[str, Any]]:
    """Events of one subject, in an order that the log must keep."""
    return [
        {**shop.events.registered("m", entry_channel=str(n)), "brand": shop.brand, "subject": "m"} for n in range(count)
    ]


async def test_the_stream_is_the_same_intake(installation: Running, redis: Redis, shop: Shop, other_shop: Shop) -> None:
    mine = [{**shop.events.registered(f"m{n}"), "brand": shop.brand} for n in range(30)]
    theirs = [{**other_shop.events.registered(f"m{n}"), "brand": other_shop.brand} for n in range(30)]
    for pair in zip(mine, theirs, strict=True):
        await put(redis, *pair)
    await put(redis, mine[0])  # again
    async with reading(stream(redis, installation)):
        await taken(redis)
    assert await logged(shop) == [event["id"] for event in mine]
    assert await logged(other_shop) == [event["id"] for event in theirs]
    assert await dead(redis) == []
    # what came by stream is known by HTTP
    assert [item["status"] for item in await shop.answers(*mine)] == ["duplicate"] * 30
    await shop.drain()
    assert (await shop.outcome(1))["graph"] == "applied"


# --- what cannot be taken ------------------------------------------------------------------------------------


async def test_what_cannot_be_taken_is_buried_with_its_problem_and_blocks_nothing(
    installation: Running, redis: Redis, shop: Shop
) -> None:
    good = {**shop.events.registered("m"), "brand": shop.brand}
    conflict = {**good, "data": {**good["data"], "platform": "app"}}
    personal = {**shop.events.identified("m", phone=PERSONAL), "brand": shop.brand, "nick": PERSONAL}
    del personal["data"]["seen_at"]
    named = {**shop.events.registered("x"), "brand": shop.brand}
    named["data"][f"tel{PERSONAL}"] = 1
    twice = json.dumps({**good, "id": "other", "type": "nobody.knows.v1"}).encode()
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    cases: list[tuple[Any, str]] = [
        (b"{", "bad_json"),
        (b"[1]", "bad_json"),
        (b"", "bad_json"),
        (NAMED, "bad_json"),
        (b'{"' + NAMED, "bad_json"),
        (b'{"phone": "%s"' % PERSONAL.encode(), "bad_json"),
        (PERSONAL.encode("utf-16-le"), "bad_json"),
        (b'{"brand": "\xff%s"}' % PERSONAL.encode(), "bad_encoding"),
        (b'{"p": "%s"' % "".join(f"\\u00{ord(c):x}" for c in PERSONAL).encode(), "bad_json"),
        ({"brand": shop.brand, "phone": deep}, "bad_json"),
        (shop.events.registered("x"), "missing_field"),
        ({**shop.events.registered("x"), "brand": "nobody"}, "unknown_brand"),
        ({**shop.events.registered("x"), "brand": 7}, "unknown_brand"),
        (conflict, "event_conflict"),
        (personal, "missing_field"),
        (named, "unknown_field"),
        (twice.replace(b'"id": "other"', b'"id": "%s", "id": "other"' % PERSONAL.encode()), "unknown_type"),
        (b" " * (limits.BODY_BYTES_MAX + 1), "body_too_large"),
    ]
    await put(redis, good, *(event for event, _ in cases))
    await put(redis, {**shop.events.registered("last"), "brand": shop.brand})
    async with reading(stream(redis, installation)):
        await taken(redis)
    letters = await dead(redis)
    assert sorted(problem["code"] for _, _, problem in letters) == sorted(code for _, code in cases)
    assert all({"type", "title", "status", "code", "detail"} <= problem.keys() for _, _, problem in letters)
    assert len(await logged(shop)) == 2
    kept = await everything(redis)
    assert PERSONAL.encode() not in kept
    assert NAMED not in kept
    assert PERSONAL.encode("utf-16-le") not in kept
    assert rb"\u0031\u0033" not in kept
    # impersonal ones stay as they came
    seen = [raw for _, raw, _ in letters]
    assert {b"{", json.dumps(conflict).encode()} <= set(seen)


async def test_a_message_of_an_unknown_shape_keeps_all_its_fields_sealed_and_comes_back_as_it_was(
    installation: Running, redis: Redis, shop: Shop
) -> None:
    event = json.dumps({**shop.events.registered("m"), "brand": shop.brand})
    shapes: list[list[Any]] = [
        ["message", f"no event at all, but {PERSONAL}"],
        ["event", event, "phone", PERSONAL],
        ["event", event, "event", PERSONAL],
        [b"\xff\x00", b"\x00\xfe" + PERSONAL.encode()],
    ]
    send: Any = redis.execute_command
    for shape in shapes:
        await send("XADD", STREAM, "*", *shape)
    transport = stream(redis, installation)
    async with reading(transport):
        await taken(redis)
    letters = await dead(redis)
    assert [(raw, problem["code"]) for _, raw, problem in letters] == [(b"", "bad_json")] * 4
    assert PERSONAL.encode() not in await everything(redis)
    assert await logged(shop) == []
    for number, _, _ in letters:
        assert await transport.replay(number)
    back = await send("EVAL", "return redis.call('XRANGE', KEYS[1], '-', '+')", 1, STREAM)
    given = [[part if isinstance(part, bytes) else part.encode() for part in shape] for shape in shapes]
    assert [fields for _, fields in back] == given


async def test_a_dead_letter_is_played_again_as_it_came(installation: Running, redis: Redis, shop: Shop) -> None:
    transport = stream(redis, installation)
    event = json.dumps({**shop.events.identified("m", phone=PERSONAL), "brand": shop.brand, "time": "2026"}, indent=3)
    broken = b'{"phone": "%s"' % PERSONAL.encode()
    await put(redis, event.encode(), broken)
    sent: Any = await redis.xrange(STREAM)
    async with reading(transport):
        await taken(redis)
    letters = await dead(redis)
    assert PERSONAL.encode() not in await everything(redis)
    listed = await transport.letters(10)
    assert [(one.number, one.problem["code"]) for one in listed] == [(n, p["code"]) for n, _, p in reversed(letters)]
    assert [one.origin for one in listed] == [f"{STREAM} {number.decode()}" for number, _ in reversed(sent)]
    for number, _, _ in letters:
        assert await transport.replay(number)
        assert not await transport.replay(number)
    back: Any = await redis.xrange(STREAM)
    assert [fields for _, fields in back] == [{b"event": event.encode()}, {b"event": broken}]
    async with reading(transport):
        await taken(redis)
    assert len(await dead(redis)) == 2  # still wrong, so buried again
    for nobodys in ("1-1", "none", "0@1"):
        assert not await transport.replay(nobodys)


async def test_a_letter_of_an_earlier_version_is_played_again(installation: Running, redis: Redis, shop: Shop) -> None:
    """There each personal value was sealed where it stood."""
    event = {**shop.events.identified("m", phone=PERSONAL), "brand": shop.brand}
    keys = await installation.parts.keyring.brand(shop.brand)
    sealed = json.loads(json.dumps(event))
    value = to_text(seal(keys.wrapping, json.dumps(PERSONAL).encode(), "dead letter"))
    sealed["data"]["identifiers"][0]["value"] = f"sealed:{value}"
    number: Any = await redis.xadd(DEAD, {"event": json.dumps(sealed), "problem": '{"code": "c", "detail": "d"}'})
    transport = stream(redis, installation)
    assert [one.number for one in await transport.letters(10)] == [number.decode()]
    assert await transport.replay(number.decode())
    back: Any = await redis.xrange(STREAM)
    ((_, fields),) = back
    assert json.loads(fields[b"event"]) == event


# --- order -----------------------------------------------------------------------------------------------------


class Stops(RedisLine):
    """A reader whose process ends between the log and the acknowledgement."""

    async def acknowledge(self, messages: Any) -> None:
        await asyncio.Event().wait()


async def test_a_stop_in_the_middle_and_another_worker_keep_the_order_of_a_subject(
    installation: Running, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_READ_MAX", 7)
    events = one_member(shop, 60)
    await put(redis, *events[:40])

    async def some_are_logged() -> bool:
        return len(await logged(shop)) > 0

    async with reading(stream(redis, installation, Stops)):
        await until(some_are_logged)
        await put(redis, *events[40:])
    assert len(await logged(shop)) == 7
    async with reading(stream(redis, installation)):
        await taken(redis)
    assert await logged(shop) == [event["id"] for event in events]


async def test_two_workers_at_once_keep_the_order_of_a_subject(
    installation: Running, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that waits takes over when the first one goes, in the middle of what it reads."""
    monkeypatch.setattr(limits, "STREAM_READ_MAX", 3)
    events = one_member(shop, 150)
    await put(redis, *events[:100])
    first, second = stream(redis, installation), stream(redis, installation)

    async def well_begun() -> bool:
        return len(await logged(shop)) >= 9

    async with reading(second):
        async with reading(first):
            await until(well_begun)
        await put(redis, *events[100:])
        await taken(redis)
    assert await logged(shop) == [event["id"] for event in events]
    assert [one["name"] for one in await redis.xinfo_consumers(STREAM, GROUP)] == [CONSUMER.encode()]


class Slow(RedisLine):
    """A reader that is held up when it has read, while its turn goes to another."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.has_read, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def read(self) -> Any:
        messages = await super().read()
        if messages:
            self.has_read.set()
            await self.may_go_on.wait()
        return messages


async def test_a_reader_that_lost_its_turn_reads_nothing_more(
    installation: Running, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection to Postgres breaks while it has messages in hand; another reader has long gone on."""
    monkeypatch.setattr(limits, "STREAM_READ_MAX", 10)
    events = one_member(shop, 50)
    await put(redis, *events)
    parts = installation.parts
    letter_box = LetterBox(parts.keyring)
    line = Slow(redis, parts.postgres, letter_box)
    async with reading(Transport(line, parts.postgres, parts.intake, letter_box)):
        await line.has_read.wait()
        await _break_turns(parts.postgres)
        async with reading(stream(redis, installation)):
            await taken(redis)
            line.has_read.clear()
            line.may_go_on.set()
            last = {**shop.events.registered("last"), "brand": shop.brand}
            await put(redis, last)
            await taken(redis)
            assert not line.has_read.is_set()
    assert await logged(shop) == [event["id"] for event in [*events, last]]


async def _break_turns(postgres: Postgres) -> None:
    """End the session that holds the turn on this database of Redis, as a broken network does."""
    async with postgres.installation() as conn:
        await conn.execute("RESET ROLE")
        ended = await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)",
            [f"reader of {STREAM} in database 1"],
        )
        assert await ended.fetchall() == [(True,)]
        await conn.execute("SET ROLE trefoil_app")


async def test_what_consumers_of_earlier_versions_left_comes_first_and_in_order(
    installation: Running, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_READ_MAX", 4)
    events = one_member(shop, 40)
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    await put(redis, *events)
    for turn in range(15):  # by turns, so that neither name holds a stretch
        await redis.xreadgroup(GROUP, f"consumer_{turn % 2}", {STREAM: ">"}, count=2)
    async with reading(stream(redis, installation)):
        await taken(redis)
    assert await logged(shop) == [event["id"] for event in events]
    assert [one["name"] for one in await redis.xinfo_consumers(STREAM, GROUP)] == [CONSUMER.encode()]


# --- bounds ----------------------------------------------------------------------------------------------------


async def test_what_is_acknowledged_leaves_the_stream_unless_another_group_needs_it(
    installation: Running, redis: Redis, shop: Shop
) -> None:
    events = one_member(shop, 20)
    await put(redis, *events[:10])
    await redis.xgroup_create(STREAM, "somebody", id="0")
    held: Any = await redis.xreadgroup("somebody", "else", {STREAM: ">"}, count=4)
    numbers = [number for number, _ in held[0][1]]
    await redis.xack(STREAM, "somebody", *numbers[:2])
    async with reading(stream(redis, installation)):
        await taken(redis)
        left: Any = await redis.xrange(STREAM)
        assert [number for number, _ in left][:2] == numbers[2:]
        await redis.xgroup_destroy(STREAM, "somebody")
        await put(redis, *events[10:])

        async def empty() -> bool:
            return await redis.xlen(STREAM) == 0

        await until(empty)
    assert await logged(shop) == [event["id"] for event in events]


async def test_large_messages_are_not_held_together(
    installation: Running, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_BYTES_MAX", 10_000)
    events = [{**event, "note": "x" * (6_000 if n % 2 else 100)} for n, event in enumerate(one_member(shop, 12))]
    await put(redis, *events)
    held: list[int] = []

    class Weighed(RedisLine):
        async def read(self) -> Any:
            messages = await super().read()
            held.append(sum(message.size_bytes for message in messages))
            return messages

    async with reading(stream(redis, installation, Weighed)):
        await taken(redis)
    assert 10_000 < max(held) < 20_000
    assert await logged(shop) == [event["id"] for event in events]


async def test_a_message_deleted_before_it_was_acknowledged_holds_up_nothing(
    installation: Running, redis: Redis, shop: Shop
) -> None:
    events = one_member(shop, 6)
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    await put(redis, *events)
    given: Any = await redis.xreadgroup(GROUP, CONSUMER, {STREAM: ">"}, count=4)
    await redis.xdel(STREAM, given[0][1][1][0])
    async with reading(stream(redis, installation)):
        await taken(redis)
    assert await logged(shop) == [event["id"] for event in events if event is not events[1]]


async def test_a_message_that_meets_a_defect_is_buried_and_the_rest_goes_on(
    installation: Running, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "POLL_SECONDS", 0)
    intake, events = installation.parts.intake, one_member(shop, 6)
    real = intake.take

    async def broken(brand: str, taken: Any, via: str) -> Any:
        if any(event["id"] == events[2]["id"] for event in taken):
            raise ZeroDivisionError("a defect that this event meets")
        return await real(brand, taken, via)

    await put(redis, *events)
    with monkeypatch.context() as patch:
        patch.setattr(intake, "take", broken)
        line = stream(redis, installation)
        async with reading(line):
            await taken(redis)
    assert await logged(shop) == [event["id"] for event in events if event is not events[2]]
    (letter,) = await line.letters(10)
    assert letter.problem["code"] == "failed"
    assert await line.replay(letter.number)
    async with reading(stream(redis, installation)):
        await taken(redis)
    assert events[2]["id"] in await logged(shop)


# --- the whole way -----------------------------------------------------------------------------------------------


async def test_the_worker_reads_the_stream(installation: Running, shop: Shop) -> None:
    """XADD with the attribute brand, and the books know it."""
    e = shop.events
    for event in (e.registered("p"), e.approved("p", invited_by=None), e.paid("o1", "c", 10_000, promoter_id="p")):
        await put(installation.parts.redis, {**event, "brand": shop.brand})

    async def all_are_logged() -> bool:
        return len(await logged(shop)) == 3

    await until(all_are_logged)
    await shop.drain()
    assert await shop.balances("p") == {"pending_fen": 1_000}
