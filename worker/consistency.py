"""The graph against the log and the ledger, at one watermark: counts, hashes, and the first differences.

The log's side is computed from events and recorded outcomes alone; the graph's side from what Neo4j really holds: tree
edges, standing, identifiers and orders of every member. Nothing is locked, and memory does not grow with the log:
members come in pages, and one that events change while it is read is read again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from core import limits
from core.clock import iso
from core.stores.postgres import Connection, Postgres
from events import aside, facts, log
from events.contract import Contracts
from events.outcome import Outcome
from events.shop import GRAPH, LEDGER
from graph.findings import Appointed, Finding, MovedUnder, Stood, finding_of
from graph.flows import read as graph
from graph.flows.live import LiveGraph
from graph.flows.project import stands_at
from graph.flows.read import MemberFacts
from graph.reactions import tokens_of
from ledger.flows import read as ledger
from privacy.kinds import KINDS

_SPACE = 1 << 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison."""

    members: int
    edges: int
    hash: str


@dataclass(frozen=True, slots=True)
class OrdersSide:
    """Orders as one side knows them."""

    orders: int
    hash: str


@dataclass(frozen=True, slots=True)
class Consistency:
    """The result; ``differences`` are the first hundred members or orders whose facts differ."""

    ok: bool
    at_seq: int
    graph: Side
    log: Side
    ledger: OrdersSide
    log_orders: OrdersSide
    differences: list[dict[str, Any]]


@dataclass(slots=True)
class _Member:
    """One side's account of one member.

    ``exact`` facts carry tokens and numbers of this installation's log and are compared; ``portable`` ones do not, so
    that two runs of the same events have the same hash: an edge is told by whom and when, an identifier by its users.
    """

    exact: Counter[str] = field(default_factory=Counter)
    portable: list[str] = field(default_factory=list)
    users: list[tuple[str, str, str]] = field(default_factory=list)
    edges: int = 0

    def first(self, seq: int) -> None:
        """The event that made the member."""
        self.exact[f"first {seq}"] += 1

    def edge(self, portable: str, seq: int | None = None) -> None:
        """Something that goes out from the member, and the event that made it where the graph keeps that."""
        self.exact[portable if seq is None else f"{portable} {seq}"] += 1
        self.portable.append(portable)
        self.edges += 1

    def seen(self, label: str, token: str, times: int, first_seen: str | None, seq: int) -> None:
        """The member was seen with an identifier."""
        self.exact[f"seen {token} {times} {first_seen} {seq}"] += 1
        self.users.append((token, label, f"{times} {first_seen}"))
        self.edges += 1


class _Total:
    """The sum of one side."""

    def __init__(self) -> None:
        self.members = self.edges = self._sum = 0
        self._users: dict[str, list[str]] = defaultdict(list)

    def add(self, member_id: str, member: _Member) -> None:
        self.members += 1
        self.edges += member.edges
        self._sum += _digest("member", member_id) + sum(_digest(member_id, text) for text in member.portable)
        for token, label, when in member.users:
            self._users[token].append(f"{label} {member_id} {when}")

    def side(self) -> Side:
        """Counts and the hash of everything told."""
        identifiers = sum(_digest("identifier", *sorted(users)) for users in self._users.values())
        return Side(self.members, self.edges, f"{(self._sum + identifiers) % _SPACE:064x}")


class _Told:
    """What the log says of one member: events and the effects recorded beside them, in order."""

    def __init__(self) -> None:
        self.first_seq: int | None = None
        self.last_seq = 0
        self._edges: list[tuple[str, int | None]] = []
        self._seen: dict[tuple[str, str], list[Any]] = {}
        self._invited: tuple[str, str, int] | None = None
        self.orders: list[tuple[str, str, list[str]]] = []

    def add(self, seq: int, fact: Any, finding: Finding) -> None:
        """Take the next event of this member."""
        self.last_seq = seq
        match fact:
            case facts.Registered():
                self._exists(seq)
            case facts.Identified():
                self._exists(seq)
                self._see(fact, seq)
            case facts.Paid() if finding.order is not None:
                self._exists(seq)
                chain = [person.member_id for person in finding.order.chain]
                self._edges.append((_order(fact.order_id, chain), None))
                self.orders.append((fact.order_id, fact.buyer_id, chain))
        self._tree(finding, seq)

    def _exists(self, seq: int) -> None:
        if self.first_seq is None:
            self.first_seq = seq

    def _see(self, fact: facts.Identified, seq: int) -> None:
        seen_at = fact.seen_at
        for kind, tokens in tokens_of(fact.identifiers).items():
            for token in {token.token for token in tokens}:
                row = self._seen.setdefault((KINDS[kind].label, token), [0, seen_at, seq])
                row[0] += 1
                row[1] = min(row[1], seen_at)

    def _tree(self, finding: Finding, seq: int) -> None:
        if (bound := finding.bound) is not None:
            self._edges.append((_edge("bound", bound.promoter_id, bound.since, bound.expires_at), seq))
        match finding.effect:
            case Appointed(at=at, inviter_id=inviter_id, new=True):
                self._edges.append((f"standing active {iso(at)}", seq))
                self._invite(inviter_id, at, seq)
            case Stood(at=at, standing=standing):
                self._edges.append((f"standing {standing} {iso(at)}", seq))
            case MovedUnder(at=at, inviter_id=inviter_id):
                self._close(self._edges, at)
                self._invite(inviter_id, at, seq)

    def _invite(self, inviter_id: str | None, at: datetime, seq: int) -> None:
        self._invited = (inviter_id, iso(at), seq) if inviter_id is not None else None

    def _close(self, edges: list[tuple[str, int | None]], until: datetime | None) -> None:
        if self._invited is not None:
            inviter_id, since, seq = self._invited
            edges.append((_edge("invited", inviter_id, since, until), seq))

    def account(self) -> _Member:
        """What was told so far."""
        member, edges = _Member(), list(self._edges)
        if self.first_seq is not None:
            member.first(self.first_seq)
        self._close(edges, None)
        for portable, seq in edges:
            member.edge(portable, seq)
        for (label, token), (times, first_seen, seq) in self._seen.items():
            member.seen(label, token, times, iso(first_seen), seq)
        return member


def _edge(kind: str, other: str, since: object, until: object) -> str:
    return f"{kind} {other} {_iso(since)} {_iso(until)}"


def _order(order_id: str, chain: Iterable[str]) -> str:
    return "order " + " ".join([order_id, *(f"{level}:{who}" for level, who in enumerate(chain, 1))])


def _held(held: MemberFacts) -> _Member:
    """What the graph holds of a member, in the words of the log; what a stranger wrote there may lack anything."""
    member = _Member()
    member.first(held.first_seq)
    for edge in held.bound:
        member.edge(_edge("bound", edge["id"], edge["from"], edge["to"]), edge["seq"])
    for edge in held.invited:
        member.edge(_edge("invited", edge["id"], edge["from"], edge["to"]), edge["seq"])
    for standing, at, seq in zip_longest(held.standing or [], held.standing_at or [], held.standing_seq or []):
        member.edge(f"standing {standing} {_iso(at)}", seq)
    for row in held.seen:
        member.seen(_label(row["kind"]), row["token"], row["times"], _iso(row["first_seen"]), row["seq"])
    for order in held.orders:
        member.edge(f"order {order}".removesuffix(" "))
    return member


def _label(kind: str | None) -> str:
    known = KINDS.get(kind) if kind is not None else None
    return known.label if known is not None else str(kind)


def _iso(at: object) -> str | None:
    if at is None:
        return None
    if isinstance(at, int):
        return _spelled(at)
    return iso(at) if isinstance(at, datetime) else str(at)


@lru_cache(maxsize=limits.CONSISTENCY_PAGE * 10)
def _spelled(at_us: int) -> str:
    return iso(_EPOCH + timedelta(microseconds=at_us))


def _digest(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest())


class Comparison:
    """Compares, one brand at a time in a process: it is work, and two at once would only slow each other down."""

    def __init__(self, postgres: Postgres, live: LiveGraph, contracts: Contracts) -> None:
        self._postgres = postgres
        self._live = live
        self._contracts = contracts
        self._types = [c.type for c in contracts if GRAPH in c.decided_by]
        self._alone = asyncio.Lock()

    async def run(self, brand: str) -> Consistency:
        """Compare a brand's graph and ledger with its log, as of the number the graph stands at when it begins."""
        async with self._alone:
            return await self._compare(brand)

    async def _compare(self, brand: str) -> Consistency:
        async with self._postgres.brand(brand) as conn:
            recorded = await log.watermark(conn, brand, GRAPH)
            booked = await log.watermark(conn, brand, LEDGER)
            figures = await ledger.ledger_figures(conn, recorded)
            waiting = await aside.waiting(conn, brand)
        self._live.forget(brand)  # a graph made anew a moment ago by another process is seen at once
        # a graph that stands behind what was recorded of it has lost events: it is compared with all it once held
        at_seq = recorded
        told, held = _Total(), _Total()
        # what was set aside is in the log and in no book
        differences: list[dict[str, Any]] = [{"consumer": name, "set_aside": n} for name, n in waiting.items()]
        orders = order_hash = 0
        after = ""
        while page := await self._page(brand, after):
            after = page[-1]
            async for member_id, said, found, of_orders in self._members(brand, page, at_seq):
                for order in of_orders:
                    orders += 1
                    order_hash += ledger.order_figure(*order)
                if said is not None:
                    told.add(member_id, said)
                if found is not None:
                    held.add(member_id, found)
                _differ(differences, member_id, said or _Member(), found or _Member())
        async for member_id, found in self._strangers(brand):
            held.add(member_id, found)
            _differ(differences, member_id, _Member(), found)
        log_orders = OrdersSide(orders, ledger.figures_hash(order_hash))
        ledger_orders = OrdersSide(figures.orders, figures.hash)
        if booked >= at_seq and log_orders != ledger_orders:
            differences.append({"orders": "ledger", "log": orders, "ledger": figures.orders})
        return Consistency(
            ok=not differences and held.side() == told.side(),
            at_seq=at_seq,
            graph=held.side(),
            log=told.side(),
            ledger=ledger_orders,
            log_orders=log_orders,
            differences=differences[: limits.DIFFERENCES_MAX],
        )

    async def _page(self, brand: str, after: str) -> list[str]:
        async with self._postgres.brand(brand) as conn:
            return await log.members_page(conn, brand, after, limits.CONSISTENCY_PAGE)

    async def _members(
        self, brand: str, member_ids: Sequence[str], at_seq: int
    ) -> AsyncIterator[tuple[str, _Member | None, _Member | None, list[tuple[str, str, list[str]]]]]:
        """For members: what the log says as of ``at_seq``, what the graph holds as of then, and their orders.

        The graph keeps no history of its counters. A member that changed since is compared as it is now; if that is
        right, what it held at ``at_seq`` is what the log says of it.
        """
        left = list(member_ids)
        for _ in range(limits.CONSISTENCY_TRIES_MAX):
            space = await self._live.space(brand)
            before = await stands_at(self._live.graph, space)
            found = {m.key.removeprefix(f"{space}|"): m for m in await graph.members_facts(self._live, brand, left)}
            after = max(await stands_at(self._live.graph, space), at_seq)
            async with self._postgres.brand(brand) as conn:
                then, now = await self._told(conn, brand, left, at_seq, after)
            unstable = []
            for member_id in left:
                said, latest = then.get(member_id), now.get(member_id)
                if latest is not None and latest.last_seq > max(before, at_seq):
                    unstable.append(member_id)
                    continue
                account = said.account() if said is not None and said.first_seq is not None else None
                holds = _held(found[member_id]) if member_id in found else None
                moved_on = latest is not None and latest.last_seq > at_seq and latest.first_seq is not None
                if moved_on and holds is not None and latest and holds.exact == latest.account().exact:
                    holds = account
                yield member_id, account, holds, said.orders if said else []
            if not unstable:
                return
            left = unstable
            await asyncio.sleep(limits.BUSY_SECONDS)
        for member_id in left:  # never still: said to differ rather than guessed to be right
            yield member_id, None, _Member(Counter({"changes without pause": 1})), []

    async def _told(
        self, conn: Connection, brand: str, member_ids: Sequence[str], at_seq: int, upto: int
    ) -> tuple[dict[str, _Told], dict[str, _Told]]:
        """What the log says of members as of ``at_seq``, and as of ``upto``."""
        then: dict[str, _Told] = defaultdict(_Told)
        later: dict[str, list[tuple[int, Any, Finding]]] = defaultdict(list)
        async for row in log.of_members(conn, brand, GRAPH, member_ids, self._types, upto):
            contract = self._contracts.of(row.type)
            fact = contract.decode(row.data)
            owner = contract.owner_of(row.data)
            finding = finding_of(Outcome(row.seq, row.status or "applied", row.code, row.detail))
            if row.seq <= at_seq:
                then[owner].add(row.seq, fact, finding)
            else:
                later[owner].append((row.seq, fact, finding))
        now = dict(then)
        for owner, since in later.items():
            now[owner] = deepcopy(then[owner]) if owner in then else _Told()
            for told in since:
                now[owner].add(*told)
        return then, now

    async def _strangers(self, brand: str) -> AsyncIterator[tuple[str, _Member]]:
        """Members of the graph that no event speaks of."""
        async for member_ids in graph.member_pages(self._live, brand):
            async with self._postgres.brand(brand) as conn:
                known = await log.first_told(conn, brand, member_ids, self._types, GRAPH)
            unknown = [member_id for member_id in member_ids if member_id not in known]
            for held in await graph.members_facts(self._live, brand, unknown):
                yield held.key.partition("|")[2], _held(held)


def _differ(differences: list[dict[str, Any]], member_id: str, told: _Member, held: _Member) -> None:
    if told.exact != held.exact and len(differences) < limits.DIFFERENCES_MAX:
        differences.append(
            {
                "member_id": member_id,
                "only_log": sorted((told.exact - held.exact).elements())[:10],
                "only_graph": sorted((held.exact - told.exact).elements())[:10],
            }
        )
