"""From the rows of the log to a stretch of facts for one consumer: what it passes over left out, replays put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.stores.postgres import Connection
from events import aside, log
from events.consumer import Logged
from events.contract import Contracts
from events.facts import Replayed
from events.log import LoggedEvent
from events.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a stretch for one consumer.

    ``replays``: number of a replay -> numbers of the events it stands for. ``lost``: events the consumer before could
    not deal with, so that this one cannot either.
    """

    logged: list[Logged[Any]]
    followed: dict[int, Outcome]
    replays: dict[int, tuple[int, ...]]
    lost: list[int]


async def facts_of(
    conn: Connection,
    contracts: Contracts,
    brand: str,
    consumer: str,
    follows: str | None,
    events: Sequence[LoggedEvent],
) -> Facts:
    """What a stretch of the log means to a consumer."""
    after, upto = events[0].seq - 1, events[-1].seq
    followed = {}
    if follows is not None:
        followed = {o.seq: o for o in await log.outcomes_between(conn, brand, follows, after, upto)}
    passed = await aside.among(conn, brand, consumer, [event.seq for event in events])
    lost = [seq for seq, outcome in followed.items() if outcome.status == "failed" and seq not in passed]
    logged = [fact_of(contracts, event) for event in events if event.seq not in passed and event.seq not in lost]
    replays: dict[int, tuple[int, ...]] = {}
    found: set[int] = set()
    for place, one in enumerate(logged):
        if isinstance(one.fact, Replayed):
            original, stands_for = await _stands_for(conn, contracts, brand, consumer, one.seq, one.fact)
            if original is not None and original.seq not in found:
                found.add(original.seq)
                logged[place] = replace(original, seq=one.seq, log_hash=one.log_hash)
                replays[one.seq] = stands_for
                if follows is not None and not await aside.among(conn, brand, follows, [original.seq]):
                    for outcome in await log.outcomes_between(conn, brand, follows, original.seq - 1, original.seq):
                        followed[one.seq] = replace(outcome, seq=one.seq)
    return Facts(logged, followed, replays, lost)


def fact_of(contracts: Contracts, event: LoggedEvent) -> Logged[Any]:
    """One event as a value."""
    fact = contracts.of(event.type).decode(event.data)
    return Logged(event.seq, event.type, fact, bytes(event.data_print), bytes(event.hash))


async def _stands_for(
    conn: Connection, contracts: Contracts, brand: str, consumer: str, seq: int, replay: Replayed
) -> tuple[Logged[Any] | None, tuple[int, ...]]:
    """The event a replay is about, and all the numbers it stands for: a replay may be of one that failed itself.

    None where this consumer had dealt with it.
    """
    stands_for: list[int] = []
    while await aside.waits_for(conn, brand, consumer, replay.seq, seq):
        stands_for.append(replay.seq)
        (event,) = await log.read_some(conn, brand, [replay.seq])
        found = fact_of(contracts, event)
        if not isinstance(found.fact, Replayed):
            return found, tuple(stands_for)
        replay = found.fact
    return None, ()


def copied(outcomes: Sequence[Outcome], replays: Mapping[int, tuple[int, ...]]) -> list[Outcome]:
    """Outcomes of replays, once more for the events they stand for."""
    told = {outcome.seq: outcome for outcome in outcomes}
    return [replace(told.get(by, Outcome(by, "applied")), seq=seq) for by, seqs in replays.items() for seq in seqs]


def dealt_with(replays: Mapping[int, tuple[int, ...]]) -> dict[int, int]:
    """Number of each event that was set aside -> number of the replay that had it dealt with."""
    return {seq: by for by, seqs in replays.items() for seq in seqs}
