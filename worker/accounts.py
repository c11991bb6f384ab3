"""What log and graph each say of a member, in the same words, and the hash over all members of a side.

An account is told in texts. *Exact* ones carry tokens and numbers of this installation's log and are compared;
*portable* ones do not, so that two runs of the same events have the same hash: an edge is told by whom and when, an
identifier by its users. Brands may have millions of members, so no object outlives its page: what must be put together
over all pages, the users of an identifier, is sorted on disk.
"""

from __future__ import annotations

import hashlib
import heapq
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, zip_longest
from typing import IO, Any

from pydantic import TypeAdapter

from core import limits
from core.clock import iso
from events import facts
from events.log import EventOfMember
from graph.flows.read import MemberFacts
from graph.reactions import MAKES_MEMBERS
from privacy.kinds import KINDS

_SPACE = 1 << 256
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of UTC; without saying so an instant is spelled in half the time
_AT: TypeAdapter[datetime] = TypeAdapter(facts.At)
_BETWEEN = "\x1f"
"""Between the parts of a text that is hashed or sorted; below every character that an id may have."""
_BOTH, _TOLD, _HELD = "both\n", "told\n", "held\n"
"""Who speaks of a user of an identifier; it ends the line."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison."""

    members: int
    edges: int
    hash: str


@dataclass(slots=True)
class Account:
    """One side's account of one member; ``users`` are its identifiers: token, label of the kind, how often since when.

    The texts are those of one release: only the hash is compared across releases, and it is over portable ones.
    """

    exact: list[str] = field(default_factory=list)
    portable: list[str] = field(default_factory=list)
    users: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def edges(self) -> int:
        """How many edges go out from the member, its identifiers and standings among them."""
        return len(self.portable) + len(self.users)

    def first(self, seq: int) -> None:
        """The event that made the member."""
        self.exact.append(f"first {seq}")

    def edge(self, portable: str, seq: int | None) -> None:
        """Something that goes out from the member, and the event that made it where the graph keeps that."""
        self.exact.append(portable if seq is None else f"{portable} {seq}")
        self.portable.append(portable)

    def seen(self, label: str, token: str, times: int, first_seen: str | None, seq: int) -> None:
        """The member was seen with an identifier."""
        self.exact.append(f"seen {token} {times} {first_seen} {seq}")
        self.users.append((token, label, f"{times} {first_seen}"))

    def agrees(self, other: Account) -> bool:
        """Whether both say the same, in whatever order."""
        return self.exact == other.exact or sorted(self.exact) == sorted(other.exact)


@dataclass(slots=True)
class Told:
    """What the log says of one member: events and the effects recorded beside them, in order."""

    first_seq: int | None = None
    last_seq: int = 0
    orders: list[tuple[str, str, list[str]]] = field(default_factory=list)
    """Order, buyer, and the persons of its chain, level 1 first."""
    _edges: list[tuple[str, int | None]] = field(default_factory=list)
    _seen: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    _invited: tuple[str, str, int] | None = None

    def add(self, event: EventOfMember) -> None:
        """Take the next event of this member."""
        seq, effects = event.seq, event.effects or {}
        self.last_seq = seq
        if event.type in MAKES_MEMBERS and self.first_seq is None and (event.order_id is None or "chain" in effects):
            self.first_seq = seq
        if event.identifiers is not None and event.seen_at is not None:
            self._see(event.identifiers, event.seen_at, seq)
        if not effects:
            return
        if event.order_id is not None and "chain" in effects:
            chain = [person["member_id"] for person in effects["chain"]]
            self._edges.append((_order(event.order_id, chain), None))
            self.orders.append((event.order_id, event.member_id, chain))
        self._tree(effects, seq)

    def _see(self, identifiers: Iterable[Mapping[str, Any]], seen_at: str, seq: int) -> None:
        at = _AT.validate_python(seen_at)
        for kind, token in {(one["kind"], one["value"]["token"]) for one in identifiers}:
            if token is None:  # nothing is left to link on
                continue
            row = self._seen.setdefault((KINDS[kind].label, token), [0, at, seq])
            row[0] += 1
            row[1] = min(row[1], at)

    def _tree(self, effects: Mapping[str, Any], seq: int) -> None:
        """Effects as :mod:`graph.findings` keeps them; their instants are spelled as they are here."""
        match effects:
            case {"bound": {"promoter_id": promoter_id, "since": since, "expires_at": until}}:
                self._edges.append((_edge("bound", promoter_id, since, until), seq))
            case {"approved": {"at": at, "inviter_id": inviter_id, "new": True}}:
                self._edges.append((f"standing active {at}", seq))
                self._invite(inviter_id, at, seq)
            case {"stood": {"at": at, "standing": standing}}:
                self._edges.append((f"standing {standing} {at}", seq))
            case {"moved": {"at": at, "inviter_id": inviter_id}}:
                self._close(self._edges, at)
                self._invite(inviter_id, at, seq)

    def _invite(self, inviter_id: str | None, at: str, seq: int) -> None:
        self._invited = (inviter_id, at, seq) if inviter_id is not None else None

    def _close(self, edges: list[tuple[str, int | None]], until: str | None) -> None:
        if self._invited is not None:
            inviter_id, since, seq = self._invited
            edges.append((_edge("invited", inviter_id, since, until), seq))

    def account(self) -> Account | None:
        """What was told so far; None where nothing made the member."""
        if self.first_seq is None:
            return None
        account, edges = Account(), list(self._edges)
        account.first(self.first_seq)
        self._close(edges, None)
        for portable, seq in edges:
            account.edge(portable, seq)
        for (label, token), (times, first_seen, seq) in self._seen.items():
            account.seen(label, token, times, iso(first_seen), seq)
        return account


def held(member: MemberFacts) -> Account:
    """What the graph holds of a member, in the words of the log; what a stranger wrote there may lack anything."""
    account = Account()
    account.first(member.first_seq)
    for other, since, until, seq in member.bound:
        account.edge(_edge("bound", other, _spelled(since), _spelled(until)), seq)
    for other, since, until, seq in member.invited:
        account.edge(_edge("invited", other, _spelled(since), _spelled(until)), seq)
    for standing, at, seq in zip_longest(member.standing or (), member.standing_at or (), member.standing_seq or ()):
        account.edge(f"standing {standing} {_spelled(at)}", seq)
    for kind, token, times, first_seen, seq in member.seen:
        account.seen(_label(kind), token, times, _spelled(first_seen), seq)
    for order in member.orders:
        account.edge(f"order {order}".removesuffix(" "), None)
    return account


def _edge(kind: str, other: str, since: str | None, until: str | None) -> str:
    return f"{kind} {other} {since} {until}"


def _order(order_id: str, chain: Iterable[str]) -> str:
    return " ".join(["order", order_id, *(f"{level}:{who}" for level, who in enumerate(chain, 1))])


def _label(kind: str | None) -> str:
    known = KINDS.get(kind) if kind is not None else None
    return known.label if known is not None else str(kind)


def _spelled(at: object) -> str | None:
    """An instant of the graph, microseconds since 1970, as :func:`core.clock.iso` spells it."""
    if isinstance(at, int):
        return (_EPOCH + timedelta(microseconds=at)).isoformat() + "Z"
    return None if at is None else str(at)


class Totals:
    """Counts and hashes of both sides. A hash is a sum over members and identifiers, in whatever order they come."""

    def __init__(self) -> None:
        self._told, self._held = _Sum(), _Sum()
        self._users = _OnDisk()

    def add(self, member_id: str, told: Account | None, held: Account | None) -> None:
        """A member as the log tells it and as the graph holds it; where they agree it is hashed once."""
        if told is not None and held is not None and told.agrees(held):
            number = self._number(member_id, told, _BOTH)
            self._told.add(number, told.edges)
            self._held.add(number, held.edges)
            return
        for account, total, side in ((told, self._told, _TOLD), (held, self._held, _HELD)):
            if account is not None:
                total.add(self._number(member_id, account, side), account.edges)

    def _number(self, member_id: str, account: Account, side: str) -> int:
        for token, label, when in account.users:
            self._users.add(f"{token}{_BETWEEN}{label} {member_id} {when}{_BETWEEN}{side}")
        begin = f"{member_id}{_BETWEEN}"
        return _digest(f"member{_BETWEEN}{member_id}") + sum([_digest(begin + text) for text in account.portable])

    def sides(self) -> tuple[Side, Side]:
        """The log's side and the graph's, once every member was added."""
        for _, lines in groupby(self._users.in_order(), lambda line: line.partition(_BETWEEN)[0]):
            users = [line.split(_BETWEEN) for line in lines]
            told = [user for _, user, side in users if side != _HELD]
            held = [user for _, user, side in users if side != _TOLD]
            number = _identifier(told)
            self._told.add_identifier(number)
            self._held.add_identifier(number if told == held else _identifier(held))
        return self._told.side(), self._held.side()


class _Sum:
    """The sum of one side."""

    def __init__(self) -> None:
        self._members = self._edges = self._sum = 0

    def add(self, number: int, edges: int) -> None:
        self._members += 1
        self._edges += edges
        self._sum += number

    def add_identifier(self, number: int) -> None:
        self._sum += number

    def side(self) -> Side:
        return Side(self._members, self._edges, f"{self._sum % _SPACE:064x}")


def _identifier(users: Sequence[str]) -> int:
    """An identifier by all its users, in order; 0 where a side knows none."""
    return _digest(_BETWEEN.join(["identifier", *users])) if users else 0


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


class _OnDisk:
    """Lines, each with its end, given back in order; no more than one run of them is in memory."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._runs: list[IO[str]] = []

    def add(self, line: str) -> None:
        self._lines.append(line)
        if len(self._lines) >= limits.CONSISTENCY_RUN_LINES:
            run = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - read later
            run.writelines(sorted(self._lines))
            run.seek(0)
            self._runs.append(run)
            self._lines.clear()

    def in_order(self) -> Iterator[str]:
        """All lines, once; the files are gone after the last."""
        yield from heapq.merge(*self._runs, sorted(self._lines))
        for run in self._runs:
            run.close()
