"""Events that a consumer could not deal with: set aside so that the brand goes on, visible, and replayable.

A replay is an event of its own (``event.replayed.v1``), so that whoever reads the log again, a rebuild too, meets the
passed-over fact where it was dealt with and not where it failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core import limits
from core.stores.postgres import Connection
from core.stores.queries import sql


@dataclass(frozen=True, slots=True)
class Aside:
    """An event passed over by a consumer, and why."""

    seq: int
    consumer: str
    error: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AsideCount:
    consumer: str
    events: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a consumer of a brand, since when."""

    consumer: str
    trouble: str
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """How a consumer gets on over all brands: events behind the log, events set aside, brands in trouble."""

    consumer: str
    lag: int
    set_aside: int
    troubled: int


@dataclass(frozen=True, slots=True)
class _Consumer:
    consumer: str


@dataclass(frozen=True, slots=True)
class Try:
    """What a consumer was about to deal with: so many events from ``seq`` on, the first of which failed alone so often.

    ``under_way``: nobody told how it ended, as after the death of a worker.
    """

    seq: int
    events: int
    tries: int
    under_way: bool


@dataclass(frozen=True, slots=True)
class Behind:
    """A consumer has something to do for a brand."""

    brand: str
    consumer: str


@dataclass(frozen=True, slots=True)
class _Seq:
    seq: int


@dataclass(frozen=True, slots=True)
class _Passed:
    seq: int
    error: str


@dataclass(frozen=True, slots=True)
class _Replayed:
    seq: int
    replayed_by: int


FROM_THE_LATEST: Final = (limits.NUMBER_MAX, "")
"""Before which number and consumer everything lies that was set aside."""

_HEALTH = sql("events/health", Health)
_SET = sql("events/set_aside", rows=_Passed)
_AMONG = sql("events/set_aside_among", _Seq)
_FOR = sql("events/set_aside_for", _Seq)
_PAGE = sql("events/set_aside_page", Aside)
_BY_WHOM = sql("events/set_aside_by_whom", _Consumer)
_COUNT = sql("events/set_aside_count", AsideCount)
_REPLAYED = sql("events/set_aside_replayed", rows=_Replayed)
_TROUBLE = sql("events/trouble_set")
_TROUBLE_OVER = sql("events/trouble_over")
_TROUBLES = sql("events/troubles", Trouble)
_TRY_SET = sql("events/try_set")
_TRY_READ = sql("events/try_read", Try)
_TRY_OVER = sql("events/try_over")
_BEHIND = sql("events/behind", Behind)


async def put(conn: Connection, brand: str, consumer: str, errors: Mapping[int, str], at: datetime) -> None:
    """Set events aside, by number, with why."""
    passed = [_Passed(seq, error[: limits.TEXT_CHARS_MAX]) for seq, error in errors.items()]
    await _SET.save(conn, passed, brand=brand, consumer=consumer, at=at)


async def among(conn: Connection, brand: str, consumer: str, seqs: Sequence[int]) -> set[int]:
    """Those of these events that a consumer passes over."""
    return {row.seq for row in await _AMONG.run(conn, brand=brand, consumer=consumer, seqs=list(seqs))}


async def by_whom(
    conn: Connection, brand: str, consumers: Iterable[str], seq: int, replay: int | None = None
) -> list[str]:
    """Those of these consumers that set an event aside and have not dealt with it since, unless by this replay."""
    found = await _BY_WHOM.run(conn, brand=brand, consumers=list(consumers), seq=seq, replay=replay)
    return [row.consumer for row in found]


async def waits_for(conn: Connection, brand: str, consumer: str, seq: int, replay: int) -> bool:
    """Whether a consumer passed over an event that is to be dealt with at the place of this replay."""
    return bool(await _FOR.run(conn, brand=brand, consumer=consumer, seq=seq, replay=replay))


async def latest(conn: Connection, brand: str, before: tuple[int, str], count: int) -> list[Aside]:
    """The latest that wait to be replayed, before a number and consumer."""
    return await _PAGE.run(conn, brand=brand, before=before[0], before_consumer=before[1], count=count)


async def waiting(conn: Connection, brand: str) -> dict[str, int]:
    """How many wait to be replayed, by consumer; counted up to ASIDE_COUNTED_MAX."""
    rows = await _COUNT.run(conn, brand=brand, count_max=limits.ASIDE_COUNTED_MAX)
    return {row.consumer: row.events for row in rows}


async def replayed(conn: Connection, brand: str, consumer: str, by: Mapping[int, int]) -> None:
    """Note which events had passed-over ones dealt with: number of the passed-over one -> number of the replay."""
    await _REPLAYED.save(conn, [_Replayed(*one) for one in by.items()], brand=brand, consumer=consumer)


async def trouble(conn: Connection, brand: str, consumer: str, what: str, detail: str, at: datetime) -> None:
    """Say what is wrong with a consumer."""
    text = detail[: limits.TEXT_CHARS_MAX]
    await _TROUBLE.run(conn, brand=brand, consumer=consumer, trouble=what, detail=text, at=at)


async def trouble_over(conn: Connection, brand: str, consumer: str) -> None:
    """Nothing is wrong with it any more."""
    await _TROUBLE_OVER.run(conn, brand=brand, consumer=consumer)


async def troubles(conn: Connection, brand: str) -> list[Trouble]:
    """What is wrong with the consumers of a brand; empty when all is well."""
    return await _TROUBLES.run(conn, brand=brand)


async def health(conn: Connection) -> list[Health]:
    """How every consumer gets on; of no brand in particular."""
    return await _HEALTH.run(conn)


async def keep_try(conn: Connection, brand: str, consumer: str, tried: Try) -> None:
    """Keep what a consumer is about to try, or how often it failed at it."""
    await _TRY_SET.run(
        conn,
        brand=brand,
        consumer=consumer,
        seq=tried.seq,
        events=tried.events,
        tries=tried.tries,
        under_way=tried.under_way,
    )


async def last_try(conn: Connection, brand: str, consumer: str) -> Try | None:
    """What was kept of the last try."""
    return await _TRY_READ.one(conn, brand=brand, consumer=consumer)


async def forget_try(conn: Connection, brand: str, consumer: str) -> None:
    """There is nothing to remember of it any more."""
    await _TRY_OVER.run(conn, brand=brand, consumer=consumer)


async def behind(conn: Connection, consumers: Iterable[str]) -> list[Behind]:
    """Which of some consumers have something to do, over all brands: one query, however many there are."""
    return await _BEHIND.run(conn, consumers=list(consumers))
