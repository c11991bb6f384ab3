"""Events from a Redis stream: taken in batches, acknowledged only when durable, dead letters kept to be seen.

Consumer group over ``trefoil.events``. What a dead consumer left is taken over before anything new is read, so the
order of each subject is kept. What cannot be taken goes to ``trefoil.events.dead`` with the problem.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any, Final

import orjson
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from brands.brands import brand_names
from core import limits
from core.canonical import canonical, nested_deeper
from core.errors import FieldError, Refusal, invalid
from core.ids import new_id
from core.stores.postgres import Postgres
from intake.intake import Intake
from privacy.keyring import Keyring
from privacy.masks import SEALED_MARK, mentions_personal, opened_copy, sealed_copy
from privacy.vault import from_text, seal, to_text, unseal

STREAM: Final = "trefoil.events"
DEAD: Final = "trefoil.events.dead"
GROUP: Final = "trefoil"
_BLOCK_MS: Final = 1_000
_DEAD_LETTERS_KEPT: Final = 100_000  # about 50 MB; Postgres keeps every refusal of a known brand besides

_CONTEXT: Final = "dead letter"

Message = tuple[bytes, dict[bytes, bytes]]


class StreamIntake:
    """One consumer of the group; several may run, each message is taken once in effect."""

    name = "streams"

    def __init__(self, redis: Redis, postgres: Postgres, intake: Intake, keyring: Keyring) -> None:
        self._redis = redis
        self._postgres = postgres
        self._intake = intake
        self._keyring = keyring
        self._consumer = new_id("consumer")

    async def run(self) -> None:
        """Read for ever; raises one of WireAway or Refusal when a store is away, with nothing acknowledged."""
        try:
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        await self._own()
        while True:
            if not await self._take_over():
                await self._read()

    async def _own(self) -> None:
        """What this consumer had read before its store went away."""
        while True:
            answer = await self._redis.xreadgroup(GROUP, self._consumer, {STREAM: "0"}, count=limits.STREAM_READ_MAX)
            messages = _messages(answer)
            if not messages:
                return
            await self._take(messages)

    async def _take_over(self) -> bool:
        claimed = await self._redis.xautoclaim(
            STREAM, GROUP, self._consumer, min_idle_time=limits.STREAM_IDLE_MS_MAX, count=limits.STREAM_READ_MAX
        )
        messages: list[Message] = [m for m in claimed[1] if m[1] is not None]
        if messages:
            await self._take(messages)
        return bool(messages)

    async def _read(self) -> None:
        answer = await self._redis.xreadgroup(
            GROUP, self._consumer, {STREAM: ">"}, count=limits.STREAM_READ_MAX, block=_BLOCK_MS
        )
        if messages := _messages(answer):
            await self._take(messages)
        else:
            await asyncio.sleep(0)

    async def _take(self, messages: list[Message]) -> None:
        """Append what is right, bury what is wrong, then acknowledge: a crash before that only repeats."""
        brands = await brand_names(self._postgres)
        by_brand: dict[str, list[tuple[bytes, Any]]] = defaultdict(list)
        dead: list[tuple[bytes, dict[str, Any]]] = []
        for _, fields in messages:
            raw = fields.get(b"event", b"")
            event, problem = parse(raw, brands)
            if problem is not None:
                dead.append((raw, problem.as_problem()))
            else:
                by_brand[event["brand"]].append((raw, event))
        for brand, events in by_brand.items():
            taken = await self._intake.take(brand, [event for _, event in events], "stream")
            dead += [(raw, t.problem) for (raw, _), t in zip(events, taken, strict=True) if t.problem is not None]
        for raw, found in dead:
            letter: dict[Any, Any] = {"event": await self._safe(raw, brands), "problem": canonical(found)}
            await self._redis.xadd(DEAD, letter, maxlen=_DEAD_LETTERS_KEPT, approximate=True)
        await self._redis.xack(STREAM, GROUP, *[number for number, _ in messages])

    async def _safe(self, raw: bytes, brands: list[str]) -> bytes:
        """A dead letter as it came, but for personal values, which are sealed: ``sealed:…`` stands in their place."""
        try:
            event = _shallow(raw)
        except orjson.JSONDecodeError:
            if not mentions_personal(raw):
                return raw
            keys = await self._keyring.brand(brands[0])
            return SEALED_MARK.encode() + to_text(seal(keys.wrapping, raw, _CONTEXT)).encode()
        keys = await self._keyring.brand(_owner(event, brands))
        safe = sealed_copy(event, lambda text: to_text(seal(keys.wrapping, text.encode(), _CONTEXT)))
        return raw if safe == event else orjson.dumps(safe)

    async def replay(self, number: str) -> bool:
        """Put a dead letter back on the stream as it came and take it off the dead ones; False when there is none."""
        found: Any = await self._redis.xrange(DEAD, number, number)
        if not found:
            return False
        raw: bytes = found[0][1][b"event"]
        brands = await brand_names(self._postgres)
        try:
            event = _shallow(raw)
        except orjson.JSONDecodeError:
            if raw.startswith(SEALED_MARK.encode()):
                keys = await self._keyring.brand(brands[0])
                raw = unseal(keys.wrapping, from_text(raw.decode().removeprefix(SEALED_MARK)), _CONTEXT)
        else:
            keys = await self._keyring.brand(_owner(event, brands))
            opened = opened_copy(event, lambda text: unseal(keys.wrapping, from_text(text), _CONTEXT).decode())
            raw = raw if opened == event else orjson.dumps(opened)
        await self._redis.xadd(STREAM, {"event": raw})
        await self._redis.xdel(DEAD, number)
        return True

    async def dead_letters(self, count: int) -> list[tuple[str, bytes, dict[str, Any]]]:
        """The latest dead letters: number, event as kept, problem."""
        found: Any = await self._redis.xrevrange(DEAD, count=count)
        return [(n.decode(), fields[b"event"], orjson.loads(fields[b"problem"])) for n, fields in found]


def _shallow(raw: bytes) -> Any:
    """A dead letter that can be walked; raises JSONDecodeError for what is no JSON, or nested without end."""
    event = orjson.loads(raw)
    if nested_deeper(event, limits.JSON_DEPTH_MAX):
        raise orjson.JSONDecodeError("nested too deep", "", 0)
    return event


def _owner(event: Any, brands: list[str]) -> str:
    """Whose key seals a dead letter: its brand's, or the installation's own for one of no brand."""
    brand = event.get("brand") if isinstance(event, dict) else None
    return brand if isinstance(brand, str) and brand in brands else brands[0]


def parse(raw: bytes, brands: list[str]) -> tuple[Any, Refusal | None]:
    """One message of a stream or topic as an event of a brand, or the problem with it."""
    if len(raw) > limits.BODY_BYTES_MAX:
        return None, Refusal(413, "body_too_large", "an event is at most 2 MB")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return None, Refusal(400, "bad_encoding", "events are JSON in UTF-8")
    try:
        event = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None, Refusal(400, "bad_json", "this is not JSON")
    if not isinstance(event, dict):
        return None, Refusal(400, "bad_json", "an event is a JSON object")
    if nested_deeper(event, limits.JSON_DEPTH_MAX):
        return None, Refusal(400, "bad_json", f"an event is nested at most {limits.JSON_DEPTH_MAX} levels deep")
    brand = event.get("brand")
    if brand is None:
        return None, invalid([FieldError("brand", "missing_field", "on streams the attribute brand is required")])
    if not isinstance(brand, str) or brand not in brands:
        return None, invalid([FieldError("brand", "unknown_brand", "there is no such brand")])
    return event, None


def _messages(answer: Any) -> list[Message]:
    if not answer:
        return []
    found = answer[0][1] if isinstance(answer, list) else next(iter(answer.values()))[0]
    return [m for m in found if m[1]]
