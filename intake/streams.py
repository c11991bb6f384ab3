"""Events from a Redis stream, in order: one reader at a time, and what was read before comes before anything new.

Consumer group ``trefoil`` over ``trefoil.events``; letters lie in ``trefoil.events.dead``.

The reader holds a turn in Postgres, which ends with it, and writes its own mark into Redis, under which alone messages
are given out: of a reader that has lost its turn without knowing it yet, nothing more is read. What it still has in
hand lies unacknowledged in the stream, and the next reader takes that first; appended twice, it is in the log once.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from brands.brands import brand_names
from core import limits
from core.canonical import canonical
from core.errors import Refusal, unavailable
from core.ids import new_id
from core.stores.postgres import Postgres
from core.stores.queries import ROOT
from core.stores.turns import Turn, turn
from intake.dead_letters import DeadLetter, Letter, LetterBox
from intake.message import Message, Parts

STREAM: Final = "trefoil.events"
DEAD: Final = "trefoil.events.dead"
GROUP: Final = "trefoil"
CONSUMER: Final = "reader"
TURN: Final = "{trefoil.events}.turn"  # the braces put it on the node of the stream, so that a script sees both
_BLOCK_MS: Final = 1_000
_AWAY: Final = (RedisError, OSError, TimeoutError)
_NUMBER: Final = re.compile(r"\d{1,20}-\d{1,20}")
_NEW: Final = ">"
_STRANGER: Final = Refusal(400, "bad_json", "a message has one field, named event")


class RedisLine:
    """The stream of one Redis. Made of it as many as there are workers; one at a time reads."""

    name: Final = "stream"
    away: Final = _AWAY

    def __init__(self, redis: Redis, postgres: Postgres, letter_box: LetterBox) -> None:
        self._redis = redis
        self._postgres = postgres
        self._letter_box = letter_box
        self._script = redis.register_script((ROOT / "lua" / "intake" / "read.lua").read_text())
        self._mark = ""
        self._after = _NEW
        self._turn: Turn | None = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Wait for the turn, then begin with what lies unacknowledged."""
        database = self._redis.connection_pool.connection_kwargs.get("db", 0)
        async with turn(self._postgres, f"reader of {STREAM} in database {database}") as held:
            await self._open_group()
            self._mark = new_id("turn")
            await self._redis.set(TURN, self._mark)
            await self._claim_all()
            await self._trim()
            self._turn, self._after = held, "0"
            yield

    async def read(self) -> list[Message]:
        """The next messages; none is read once the turn is lost."""
        assert self._turn is not None  # reading() is entered first
        await self._turn.still_held()
        answer = await self._script(
            keys=[STREAM, TURN],
            args=[GROUP, CONSUMER, self._mark, self._after, limits.STREAM_READ_MAX, limits.STREAM_BYTES_MAX],
        )
        if answer is None:
            raise Refusal(503, "turn_lost", "another worker reads the stream now")
        if self._after != _NEW:
            self._after = answer[-1][0].decode() if answer else _NEW
        elif not answer:
            await self._ring()
        return await self._present(answer)

    async def bury(self, letters: Sequence[Letter]) -> None:
        """Add to the dead letters, of which the latest are kept."""
        for letter in letters:
            fields: dict[Any, Any] = {
                "event": letter.event,
                "problem": canonical(letter.problem),
                "origin": canonical(dict(letter.origin)),
                "sealed_by": letter.sealed_by,
                "original": letter.original,
            }
            await self._redis.xadd(DEAD, fields, maxlen=limits.DEAD_LETTERS_KEPT, approximate=True)

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge, and take off the stream what every group has acknowledged: the stream is as long as its lag."""
        await self._redis.xack(STREAM, GROUP, *[message.position for message in messages])
        await self._trim()

    async def letters(self, count: int) -> list[DeadLetter]:
        """The latest letters, newest first."""
        try:
            found: Any = await self._redis.xrevrange(DEAD, count=count)
        except _AWAY as error:
            raise unavailable("redis") from error
        return [_listed(number.decode(), fields) for number, fields in found]

    async def replay(self, number: str) -> bool:
        """Put a letter's message at the end of the stream and take the letter off, both or neither."""
        if not _NUMBER.fullmatch(number):
            return False
        try:
            found: Any = await self._redis.xrange(DEAD, number, number)
            if not found:
                return False
            parts = await self._original(found[0][1])
            async with self._redis.pipeline(transaction=True) as both:
                both.execute_command("XADD", STREAM, "*", *[text for part in parts for text in part])
                both.xdel(DEAD, number)
                await both.execute()
        except _AWAY as error:
            raise unavailable("redis") from error
        return True

    async def _original(self, fields: dict[bytes, bytes]) -> Parts:
        if b"original" in fields:
            return await self._letter_box.open(fields[b"sealed_by"].decode(), fields[b"original"])
        brands = await brand_names(self._postgres)  # a letter of an earlier version
        return ((b"event", await self._letter_box.open_in_place(fields[b"event"], brands)),)

    async def _open_group(self) -> None:
        try:
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _claim_all(self) -> None:
        """Own what other names left, and drop the names: earlier versions gave each start a name of its own."""
        for consumer in await self._redis.xinfo_consumers(STREAM, GROUP):
            name = consumer["name"]
            if name == CONSUMER.encode():
                continue
            after = "-"
            while pending := await self._redis.xpending_range(
                STREAM, GROUP, min=after, max="+", count=limits.STREAM_READ_MAX, consumername=name
            ):
                numbers: list[Any] = [entry["message_id"] for entry in pending]
                await self._redis.xclaim(STREAM, GROUP, CONSUMER, 0, numbers, justid=True)
                after = f"({numbers[-1].decode()}"
            await self._redis.xgroup_delconsumer(STREAM, GROUP, name)

    async def _present(self, answer: list[Any]) -> list[Message]:
        """The messages of an answer; one that somebody deleted meanwhile is acknowledged, there is nothing to take."""
        deleted = [number for number, fields in answer if fields is None]
        if deleted:
            await self._redis.xack(STREAM, GROUP, *deleted)
        return [_message(number.decode(), fields) for number, fields in answer if fields is not None]

    async def _ring(self) -> None:
        """Return when there is a new message, or after a second; what comes is read in its turn."""
        groups: Any = await self._redis.xinfo_groups(STREAM)
        last = next(group["last-delivered-id"] for group in groups if group["name"] == GROUP.encode())
        await self._redis.xread({STREAM: last}, count=1, block=_BLOCK_MS)

    async def _trim(self) -> None:
        """Drop what no group of this stream waits for; exactly, for messages hold personal values in clear."""
        needed = [await self._oldest_needed(group) for group in await self._redis.xinfo_groups(STREAM)]
        milliseconds, sequence = min(needed)
        await self._redis.xtrim(STREAM, minid=f"{milliseconds}-{sequence}", approximate=False)

    async def _oldest_needed(self, group: Any) -> tuple[int, int]:
        """The oldest message a group has not acknowledged; the one after its last where there is none."""
        if group["pending"]:
            pending = await self._redis.xpending(STREAM, group["name"])
            if pending["pending"]:
                return _pair(pending["min"])
        milliseconds, sequence = _pair(group["last-delivered-id"])
        return milliseconds, sequence + 1


def _pair(number: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = number.decode().partition("-")
    return int(milliseconds), int(sequence)


def _message(number: str, fields: list[bytes]) -> Message:
    parts = tuple(zip(fields[::2], fields[1::2], strict=True))
    origin = {"stream": STREAM, "number": number}
    if [name for name, _ in parts] == [b"event"]:
        return Message(number, origin, parts, body=parts[0][1])
    return Message(number, origin, parts, stranger=_STRANGER)


def _listed(number: str, fields: dict[bytes, bytes]) -> DeadLetter:
    origin = orjson.loads(fields[b"origin"]) if b"origin" in fields else {}
    return DeadLetter(
        number=number,
        origin=f"{origin.get('stream', STREAM)} {origin.get('number', '')}".strip(),
        problem=orjson.loads(fields[b"problem"]),
        event=fields[b"event"],
    )
