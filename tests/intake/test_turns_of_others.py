"""However much is taken at once, whoever else waits for the process has turns meanwhile."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import orjson
import pytest

from core import limits
from core.errors import Refusal
from core.slicing import sliced
from intake.bodies import events_of
from intake.dead_letters import LetterBox
from intake.message import Message
from intake.transport import Transport
from tests.platform import Shop

T = TypeVar("T")

EVENTS = 200


async def turns_during(work: Awaitable[T]) -> tuple[int, T]:
    """How often somebody else had a turn while this was done."""
    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    other = asyncio.create_task(somebody_else())
    try:
        done = await work
    finally:
        other.cancel()
    return turns, done


async def counted(items: int) -> int:
    return len([item async for item in sliced(range(items))])


async def test_others_have_a_turn_once_the_work_took_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_SECONDS_MAX", 3_600)
    assert await turns_during(counted(EVENTS)) == (0, EVENTS)
    monkeypatch.setattr(limits, "TURN_SECONDS_MAX", 0)
    assert await turns_during(counted(EVENTS)) == (EVENTS - 1, EVENTS)  # the first is the other's start


async def test_a_batch_is_judged_sealed_and_chained_in_turns(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Event by event where each takes long: its judging, its sealing, its print, its place in the chain."""
    e = shop.events
    batch = [e.paid(f"o{n}", f"b{n}", device_id=f"d{n}", phone=f"1380013{n:04}") for n in range(EVENTS)]
    monkeypatch.setattr(limits, "TURN_SECONDS_MAX", 0)
    turns, taken = await turns_during(shop.parts.intake.take(shop.brand, batch, "http"))
    assert {one.status for one in taken} == {"accepted"}
    assert turns > 4 * EVENTS


async def test_a_body_that_cannot_be_taken_as_it_is_comes_apart_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_SECONDS_MAX", 0)
    body = b'[{"id":"e","n":1e400,"list":[' + b"1," * EVENTS + b"1]}]"
    turns, events = await turns_during(events_of(body))
    assert [event.id for event in events] == ["e"]
    assert turns > EVENTS


@pytest.mark.parametrize("end", ["", "\\", '"', '"]'])
async def test_a_text_without_end_is_read_once(end: str) -> None:
    """Read anew from each quote inside it, this body would take hours."""
    body = '["' + '\\"' * ((limits.BODY_BYTES_MAX - 8) // 2) + end
    with pytest.raises(Refusal) as raised:
        await events_of(body.encode())
    assert (raised.value.status, raised.value.code) == (400, "bad_json")


async def test_refusals_are_judged_and_kept_in_turns(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_SECONDS_MAX", 0)
    refused = [{"id": f"e{n}", "data": {"phone": "13800138000"}} for n in range(EVENTS)]
    turns, taken = await turns_during(shop.parts.intake.take(shop.brand, refused, "http"))
    assert {one.status for one in taken} == {"rejected"}
    assert turns > 2 * EVENTS


async def test_messages_of_streams_and_topics_are_read_and_buried_in_turns(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = shop.parts
    nothing: Any = None
    transport = Transport(nothing, parts.postgres, parts.intake, LetterBox(parts.keyring))
    bodies = [orjson.dumps({**shop.events.registered(f"m{n}"), "brand": shop.brand}) for n in range(EVENTS)]
    monkeypatch.setattr(Transport, "name", "stream")
    monkeypatch.setattr(limits, "TURN_SECONDS_MAX", 0)
    right = [Message(str(n), {}, ((b"event", body),), body=body) for n, body in enumerate(bodies)]
    wrong = [Message(str(n), {}, ((b"event", b"["),), body=b"[") for n in range(EVENTS)]
    turns, letters = await turns_during(transport._taken([*right, *wrong]))
    assert len(letters) == EVENTS
    assert turns > 2 * EVENTS + EVENTS + 4 * EVENTS


async def test_a_thousand_orders_of_five_hundred_lines_stop_nobody(shop: Shop) -> None:
    """With the slices as they are: requests are answered all the while."""
    e = shop.events
    lines = [100] * 500
    orders = [e.paid(f"o{n}", "b", *lines, device_id=f"d{n}", phone=f"1380013{n:04}") for n in range(1_000)]
    turns, taken = await turns_during(shop.parts.intake.take(shop.brand, orders, "http"))
    assert len(taken) == 1_000
    assert turns > 100
