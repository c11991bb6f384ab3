"""The page of consumers: what each room declares, read off the rooms themselves over parts that were never opened."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from events.consumer import Consumer
from events.room import Room
from events.shop import GRAPH
from graph.reactions import TAKES
from ops.reference.markdown import code, codes, page, promise, table, yes
from ops.wiring import CONTRACTS, FOLLOWS, unopened_rooms


class Step(NamedTuple):
    """A stage at its place in a consumer, or a consumer that deals with its facts by itself."""

    consumer: str
    room: str
    name: str
    promise: str
    takes: tuple[type[Any], ...]


def declared() -> tuple[Room, ...]:
    """Every room; nothing is opened, and nothing is asked of any store."""
    return asyncio.run(unopened_rooms())


def consumers(rooms: Iterable[Room]) -> dict[str, str | None]:
    """Every consumer, and the one whose watermark it never passes."""
    own: list[Consumer] = [consumer for room in rooms for consumer in room.consumers]
    return {consumer.name: consumer.follows for consumer in own} | FOLLOWS


def steps(rooms: Iterable[Room]) -> Iterator[Step]:
    """Every step of every consumer, in the order they are taken."""
    listed = tuple(rooms)
    for name in consumers(listed):
        for room in listed:
            for consumer in room.consumers:
                if consumer.name == name:
                    yield Step(name, room.name, type(consumer).__name__, promise(type(consumer)), _taken_by(consumer))
        for room in listed:
            for stage in room.stages.get(name, ()):
                yield Step(name, room.name, type(stage).__name__, promise(type(stage)), stage.takes)


def _taken_by(consumer: Consumer) -> tuple[type[Any], ...]:
    """The graph says in its reactions what it takes; other consumers are made of stages."""
    assert consumer.name == GRAPH, f"say where the facts of {consumer.name} are declared"
    return TAKES


def consumers_page() -> str:
    """Rooms, consumers, stages, jobs."""
    rooms = declared()
    types = {contract.fact: contract.type for contract in CONTRACTS}
    follows = consumers(rooms)
    return page(
        "Consumers, stages, jobs",
        "What the rooms declare (`room.py` in each) and `ops/wiring.py` puts together. What the words mean: "
        "[rooms](../rooms.md).",
        "## Rooms",
        table(
            ("room", "what it is", "events of its own", "stages it adds to", "gives a new brand something"),
            (
                (
                    code(room.name),
                    promise(importlib.import_module(room.name)),
                    codes(contract.type for contract in room.contracts),
                    codes(room.stages),
                    yes(room.seed is not None),
                )
                for room in rooms
            ),
        ),
        "## Consumers",
        table(
            ("consumer", "never passes", "decides"),
            (
                (
                    code(name),
                    code(before) or "the end of the log",
                    codes(contract.type for contract in CONTRACTS if name in contract.decided_by),
                )
                for name, before in follows.items()
            ),
        ),
        "## Stages, in the order in which they run",
        table(
            ("consumer", "room", "stage", "what it does", "facts it takes"),
            (
                (code(s.consumer), code(s.room), code(s.name), s.promise, codes(types[fact] for fact in s.takes))
                for s in steps(rooms)
            ),
        ),
        "Every consumer meets `event.replayed.v1` before its stages do: they see the event that was set aside in its "
        "place.",
        "## Jobs",
        table(
            ("job", "room", "what it does", "by itself", "who may start it", "whenever a simulated clock is moved"),
            (
                (
                    code(job.name),
                    code(room.name),
                    promise(_bare(job.run)),
                    f"every {job.every_seconds:,.0f} s" if job.every_seconds is not None else "",
                    "nobody" if job.by is None else ", ".join(code(role) for role in ("admin", *job.by)),
                    yes(job.timed),
                )
                for room in rooms
                for job in room.jobs
            ),
        ),
        'An admin starts one by `POST /v1/ops/run {"job": …}`; what becomes of it, `GET /v1/jobs` tells.',
    )


def _bare(run: Callable[..., Any]) -> Callable[..., Any]:
    return run.func if isinstance(run, partial) else run
