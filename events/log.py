"""The event log of a brand: appended under one lock, numbered, hash-chained, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from core import limits
from core.canonical import canonical, link
from core.clock import iso
from core.slicing import sliced
from core.stores.postgres import Connection
from core.stores.queries import sql
from events.consumer import Budget
from events.outcome import Outcome


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One accepted event as the log keeps it; personal values in ``data`` are sealed."""

    seq: int
    source: str
    event_id: str
    type: str
    subject: str | None
    time: str
    data: dict[str, Any]
    data_print: bytes
    accepted_at: datetime
    hash: bytes


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event ready to be appended."""

    source: str
    event_id: str
    type: str
    subject: str | None
    time: str
    data: dict[str, Any]
    extensions: dict[str, Any] | None
    fingerprint: bytes
    data_print: bytes

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.event_id


@dataclass(frozen=True, slots=True)
class _NewRow:
    seq: int
    source: str
    event_id: str
    type: str
    subject: str | None
    time: str
    data: str
    extensions: str | None
    fingerprint: bytes
    data_print: bytes
    hash: bytes
    cost: int


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an event stands: its number, and whether it is new, a repeat, or in conflict with what stands there."""

    seq: int
    status: Literal["accepted", "duplicate", "conflict"]


@dataclass(frozen=True, slots=True)
class _Head:
    seq: int
    hash: bytes


class EventOfMember(NamedTuple):
    """An event that speaks of a member, of an order its buyer, as far as the graph is made of it.

    ``identifiers`` as the log holds them, ``effects`` as a consumer recorded them.
    """

    member_id: str
    seq: int
    type: str
    order_id: str | None
    seen_at: str | None
    identifiers: list[dict[str, Any]] | None
    effects: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class _EventsOfMembers:
    events: list[Any]


@dataclass(frozen=True, slots=True)
class _MemberId:
    member_id: str


@dataclass(frozen=True, slots=True)
class _First:
    member_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class _Hash:
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Known:
    source: str
    event_id: str
    seq: int
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class _Link:
    seq: int
    source: str
    event_id: str
    type: str
    subject: str | None
    time: str
    data: dict[str, Any]
    accepted_at: datetime
    hash: bytes


@dataclass(frozen=True, slots=True)
class BrandHead:
    brand: str
    seq: int


@dataclass(frozen=True, slots=True)
class Watermark:
    consumer: str
    seq: int


@dataclass(frozen=True, slots=True)
class ConsumerOutcome:
    """The outcome of one event by one consumer."""

    consumer: str
    status: str
    code: str | None
    detail: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class _AcceptedAt:
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class _Seq:
    seq: int


_LOCK_HEAD = sql("events/lock_head", _Head)
_HEAD = sql("events/head", _Head)
_HEADS = sql("events/heads", BrandHead)
_KNOWN = sql("events/known", _Known)
_APPEND = sql("events/append", rows=_NewRow)
_ANNOUNCE = sql("events/announce")
_READ = sql("events/read", LoggedEvent)
_MEMBERS_PAGE = sql("events/members_page", _MemberId)
_OF_MEMBERS = sql("events/of_members", _EventsOfMembers)
_FIRST_TOLD = sql("events/first_told", _First)
_HASH_AT = sql("events/hash_at", _Hash)
_READ_SOME = sql("events/read_some", LoggedEvent)
_CHAIN = sql("events/chain", _Link)
_OUTCOMES = sql("events/outcomes", ConsumerOutcome)
_OUTCOMES_BETWEEN = sql("events/outcomes_between", Outcome)
_SAVE_OUTCOMES = sql("events/save_outcomes", rows=Outcome)
_ACCEPTED_AFTER = sql("events/accepted_after", _AcceptedAt)
_WATERMARK = sql("events/watermark", _Seq)
_WATERMARKS = sql("events/watermarks", Watermark)
_ADVANCE = sql("events/advance")

NO_HASH = bytes(32)
"""The hash before the first event."""


def _content(brand: str, seq: int, event: NewEvent | _Link, accepted_at: datetime) -> bytes:
    return canonical(
        [
            brand,
            seq,
            event.source,
            event.event_id,
            event.type,
            event.subject,
            event.time,
            event.data,
            iso(accepted_at),
        ]
    )


async def append(conn: Connection, brand: str, events: Sequence[NewEvent], accepted_at: datetime) -> list[Appended]:
    """Append what is new, in the order given; answer for each event where it stands.

    Takes the lock on the brand's head: appends of one brand happen one after the other. A repeat inside the batch is
    treated like a repeat of what was there before.
    """
    head = await _LOCK_HEAD.one(conn, brand=brand)
    assert head is not None, "a brand is created with its log"
    known = {
        (row.source, row.event_id): (row.seq, bytes(row.fingerprint))
        for row in await _KNOWN.run(
            conn, brand=brand, sources=[e.source for e in events], ids=[e.event_id for e in events]
        )
    }
    seq, last_hash = head.seq, bytes(head.hash)
    answers: list[Appended] = []
    fresh: list[_NewRow] = []
    async for event in sliced(events):
        standing = known.get(event.key)
        if standing is not None:
            same = standing[1] == event.fingerprint
            answers.append(Appended(standing[0], "duplicate" if same else "conflict"))
            continue
        seq += 1
        last_hash = link(last_hash, _content(brand, seq, event, accepted_at))
        known[event.key] = (seq, event.fingerprint)
        fresh.append(_new_row(seq, event, last_hash))
        answers.append(Appended(seq, "accepted"))
    if fresh:
        await _APPEND.save(conn, fresh, brand=brand, accepted_at=accepted_at)
        await _ANNOUNCE.run(conn, brand=brand)
    return answers


async def standing(conn: Connection, brand: str, source: str, event_id: str) -> int | None:
    """The number of the event of this source and id; None when the log holds none."""
    found = await _KNOWN.one(conn, brand=brand, sources=[source], ids=[event_id])
    return None if found is None else found.seq


def _new_row(seq: int, event: NewEvent, hash_: bytes) -> _NewRow:
    data = canonical(event.data)
    return _NewRow(
        seq=seq,
        source=event.source,
        event_id=event.event_id,
        type=event.type,
        subject=event.subject,
        time=event.time,
        data=data.decode(),
        extensions=canonical(event.extensions).decode() if event.extensions else None,
        fingerprint=event.fingerprint,
        data_print=event.data_print,
        hash=hash_,
        cost=cost_of(event.data, len(data)),
    )


def cost_of(data: Mapping[str, Any], size_bytes: int) -> int:
    """What an event costs whoever deals with it, in rows: one for itself, three for each of its lines or identifiers
    (a line pays up to three persons), one for each kilobyte.
    """
    items = sum(len(value) for value in data.values() if isinstance(value, list))
    return 1 + limits.LEVELS_MAX * items + size_bytes // 1_000


async def read(conn: Connection, brand: str, after: int, upto: int, budget: Budget) -> list[LoggedEvent]:
    """The next events with ``after < seq ≤ upto``, in order, as many as the budget holds, at least one."""
    return await _READ.run(conn, brand=brand, after=after, upto=upto, count=budget.events, cost_max=budget.cost)


async def first_told(
    conn: Connection, brand: str, member_ids: Sequence[str], types: Sequence[str], consumer: str
) -> dict[str, int]:
    """For members: the first event of these types that speaks of them and that a consumer did not refuse."""
    if not member_ids:
        return {}
    rows = await _FIRST_TOLD.run(
        conn, brand=brand, member_ids=list(set(member_ids)), types=list(types), consumer=consumer
    )
    return {row.member_id: row.seq for row in rows}


async def members_page(conn: Connection, brand: str, after: str) -> list[str]:
    """A page of the members that events speak of, in order: so many that they and their events fit in memory."""
    rows = await _MEMBERS_PAGE.run(
        conn,
        brand=brand,
        after=after,
        count=limits.CONSISTENCY_PAGE,
        events_max=limits.CONSISTENCY_EVENTS_MAX,
    )
    return [row.member_id for row in rows]


async def of_members(
    conn: Connection, brand: str, consumer: str, member_ids: Sequence[str], types: Sequence[str], upto: int
) -> list[EventOfMember]:
    """The events of some types that speak of members of a page, in order, with the effects a consumer recorded.

    What the consumer passed over stands where it was replayed, or is left out.
    """
    page = await _OF_MEMBERS.one(
        conn, brand=brand, consumer=consumer, member_ids=list(member_ids), types=list(types), upto=upto
    )
    return [EventOfMember._make(event) for event in page.events] if page else []


async def hash_at(conn: Connection, brand: str, seq: int) -> bytes | None:
    """The hash of the chain at an event, which says what the log held up to there; None beyond its end."""
    if seq == 0:
        return NO_HASH
    row = await _HASH_AT.one(conn, brand=brand, seq=seq)
    return bytes(row.hash) if row else None


async def read_some(conn: Connection, brand: str, seqs: Sequence[int]) -> list[LoggedEvent]:
    """Events by their numbers, in order."""
    return await _READ_SOME.run(conn, brand=brand, seqs=list(seqs))


async def head_seq(conn: Connection, brand: str) -> int:
    """The number of the last event of a brand; 0 for an empty log."""
    head = await _HEAD.one(conn, brand=brand)
    return head.seq if head else 0


async def heads(conn: Connection) -> list[BrandHead]:
    """Every brand with the number of its last event."""
    return await _HEADS.run(conn)


async def outcomes(conn: Connection, brand: str, seq: int) -> list[ConsumerOutcome]:
    """What consumers recorded of one event; one that has nothing special to say is absent."""
    return await _OUTCOMES.run(conn, brand=brand, seq=seq)


async def outcomes_between(conn: Connection, brand: str, consumer: str, after: int, upto: int) -> list[Outcome]:
    """What one consumer recorded of a stretch of the log, in order."""
    return await _OUTCOMES_BETWEEN.run(conn, brand=brand, consumer=consumer, after=after, upto=upto)


async def save_outcomes(conn: Connection, brand: str, consumer: str, found: Sequence[Outcome]) -> None:
    """Record outcomes of a consumer, in the transaction of the effects."""
    await _SAVE_OUTCOMES.save(conn, found, brand=brand, consumer=consumer)


async def accepted_after(conn: Connection, brand: str, seq: int) -> datetime | None:
    """When the first event after a number was accepted, by the machine's clock; None at the end of the log."""
    row = await _ACCEPTED_AFTER.one(conn, brand=brand, after=seq)
    return row.accepted_at if row else None


async def watermark(conn: Connection, brand: str, consumer: str) -> int:
    """The number of the last event a consumer has dealt with."""
    row = await _WATERMARK.one(conn, brand=brand, consumer=consumer)
    return row.seq if row else 0


async def watermarks(conn: Connection, brand: str) -> dict[str, int]:
    """Every consumer's watermark."""
    return {row.consumer: row.seq for row in await _WATERMARKS.run(conn, brand=brand)}


async def advance(conn: Connection, brand: str, consumer: str, seq: int) -> None:
    """Move a watermark, in the transaction of the effects; waiting commands hear of it at the commit."""
    await _ADVANCE.run(conn, brand=brand, consumer=consumer, seq=seq)


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of recomputing a chain: how many links, the head, and the first number that does not fit."""

    ok: bool
    events: int
    head_hash: str
    first_bad_seq: int | None


async def verify(conn: Connection, brand: str) -> Verified:
    """Recompute the hash chain of a brand's log from the rows as they stand, and compare with the head."""
    head = await _HEAD.one(conn, brand=brand)
    previous, count = NO_HASH, 0
    async for row in _CHAIN.stream(conn, brand=brand):
        count += 1
        previous = link(previous, _content(brand, count, row, row.accepted_at))
        if row.seq != count or bytes(row.hash) != previous:
            return Verified(ok=False, events=count, head_hash=previous.hex(), first_bad_seq=row.seq)
    complete = head is not None and head.seq == count and (count == 0 or bytes(head.hash) == previous)
    return Verified(complete, count, previous.hex(), None if complete else count + 1)
