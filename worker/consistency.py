"""The graph against the log and the ledger, at one watermark: counts, hashes, and the first differences.

The log's side is computed from events and recorded outcomes alone; the graph's side from what Neo4j really holds: tree
edges, standing, identifiers and orders of every member.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from core import limits
from core.clock import iso
from core.stores.neo4j import Graph
from core.stores.postgres import Connection, Postgres, lock
from events import log
from events.contracts import told_at
from graph.flows.project import standing_at
from graph.flows.read import all_members
from graph.store.reading import MemberFacts
from ledger.flows import read as ledger
from risk.domain.ties import KIND_OF_IDENTIFIER
from worker.projectors import books_lock, graph_lock
from worker.translate import sealed_token

_SPACE = 1 << 256


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison."""

    members: int
    edges: int
    hash: str


@dataclass(frozen=True, slots=True)
class OrdersSide:
    """Orders as one book knows them."""

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


class _Account:
    """One side's account of a brand: exact facts per member to compare, and a hash that two installations share.

    Exact facts carry tokens and numbers of this installation's log. The hash does not: a member's edges go in by whom
    and when, an identifier by who was seen with it, so that two runs of the same events have the same hash.
    """

    def __init__(self) -> None:
        self.members: dict[str, Counter[str]] = defaultdict(Counter)
        self._users: dict[str, list[str]] = defaultdict(list)
        self._edges = self._sum = 0

    def member(self, member_id: str, first_seq: int) -> None:
        """A member exists since an event; later events are not its first."""
        if member_id not in self.members:
            self.members[member_id][f"first {first_seq}"] += 1
            self._sum += _digest("member", member_id)

    def edge(self, member_id: str, portable: str, seq: int | None = None) -> None:
        """Something that goes out from a member, and the event that made it where the graph keeps that."""
        self.members[member_id][portable if seq is None else f"{portable} {seq}"] += 1
        self._edges += 1
        self._sum += _digest(member_id, portable)

    def seen(self, member_id: str, kind: str, token: str, times: int, first_seen: str | None, seq: int) -> None:
        """A member was seen with an identifier."""
        self.members[member_id][f"seen {token} {times} {first_seen} {seq}"] += 1
        self._users[token].append(f"{kind} {member_id} {times} {first_seen}")
        self._edges += 1

    def side(self) -> Side:
        """Counts and the hash of everything told."""
        identifiers = sum(_digest("identifier", *sorted(users)) for users in self._users.values())
        return Side(len(self.members), self._edges, f"{(self._sum + identifiers) % _SPACE:064x}")


class _Told:
    """What the log says: events and the effects recorded beside them, in order."""

    def __init__(self) -> None:
        self.account = _Account()
        self.orders = self.order_hash = 0
        self._seen: dict[tuple[str, str, str], list[Any]] = {}
        self._invited: dict[str, tuple[str, str, int]] = {}

    def add(self, event: log.LoggedEvent, detail: dict[str, Any] | None, *, applied: bool) -> None:
        data, seq = event.data, event.seq
        match event.type:
            case "member.registered.v1":
                self.account.member(data["member_id"], seq)
            case "member.identified.v1":
                self.account.member(data["member_id"], seq)
                self._see(data, seq)
            case "order.paid.v1" if applied:
                assert detail is not None
                self.account.member(data["buyer_id"], seq)
                chain = [person["member_id"] for person in detail["chain"]]
                self.account.edge(data["buyer_id"], _order(data["order_id"], chain))
                self.orders += 1
                self.order_hash += ledger.order_figure(data["order_id"], data["buyer_id"], chain)
        self._tree(detail or {}, seq)

    def _see(self, data: dict[str, Any], seq: int) -> None:
        seen_at = iso(told_at(data["seen_at"]))
        named = ((item["kind"], sealed_token(item["value"])) for item in data["identifiers"])
        for kind, token in {(kind, token.token) for kind, token in named if token is not None}:
            row = self._seen.setdefault((data["member_id"], kind, token), [0, seen_at, seq])
            row[0] += 1
            row[1] = min(row[1], seen_at, key=told_at)

    def _tree(self, detail: dict[str, Any], seq: int) -> None:
        if bound := detail.get("bound"):
            edge = _edge("bound", bound["promoter_id"], bound["since"], bound["expires_at"])
            self.account.edge(bound["member_id"], edge, seq)
        if (approved := detail.get("approved")) and approved["new"]:
            self.account.edge(approved["member_id"], f"standing active {approved['at']}", seq)
            self._invite(approved["member_id"], approved["inviter_id"], approved["at"], seq)
        if stood := detail.get("stood"):
            self.account.edge(stood["member_id"], f"standing {stood['standing']} {stood['at']}", seq)
        if moved := detail.get("moved"):
            self._close(moved["member_id"], moved["at"])
            self._invite(moved["member_id"], moved["inviter_id"], moved["at"], seq)

    def _invite(self, member_id: str, inviter_id: str | None, at: str, seq: int) -> None:
        if inviter_id is not None:
            self._invited[member_id] = (inviter_id, at, seq)

    def _close(self, member_id: str, until: str | None) -> None:
        if invited := self._invited.pop(member_id, None):
            self.account.edge(member_id, _edge("invited", *invited[:2], until), invited[2])

    def finished(self) -> _Account:
        """The account, with what is still open."""
        for member_id in list(self._invited):
            self._close(member_id, None)
        for (member_id, kind, token), (times, first_seen, seq) in self._seen.items():
            self.account.seen(member_id, _LABELS[kind], token, times, first_seen, seq)
        return self.account


_LABELS = {**KIND_OF_IDENTIFIER, "ip": "Ip", "address": "Address"}


def _edge(kind: str, other: str, since: str | None, until: str | None) -> str:
    return f"{kind} {other} {since} {until}"


def _order(order_id: str, chain: Iterable[str]) -> str:
    return "order " + " ".join([order_id, *(f"{level}:{who}" for level, who in enumerate(chain, 1))])


def _hold(account: _Account, member_id: str, held: MemberFacts) -> None:
    """What the graph holds of a member, in the words of the log; what a stranger wrote there may lack anything."""
    account.member(member_id, held.first_seq)
    for edge in held.bound:
        account.edge(member_id, _edge("bound", edge["id"], _iso(edge["from"]), _iso(edge["to"])), edge["seq"])
    for edge in held.invited:
        account.edge(member_id, _edge("invited", edge["id"], _iso(edge["from"]), _iso(edge["to"])), edge["seq"])
    for standing, at, seq in zip_longest(held.standing or [], held.standing_at or [], held.standing_seq or []):
        account.edge(member_id, f"standing {standing} {_iso(at)}", seq)
    for row in held.seen:
        account.seen(member_id, row["kind"], row["token"], row["times"], _iso(row["first_seen"]), row["seq"])
    for order in held.orders:
        account.edge(member_id, f"order {order}".removesuffix(" "))


def _iso(at: object) -> str | None:
    if at is None:
        return None
    return iso(at) if isinstance(at, datetime) else str(at)


def _digest(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest())


async def check(postgres: Postgres, graph: Graph, brand: str) -> Consistency:
    """Compare a brand's graph and ledger with its log, all standing still at the graph's watermark.

    A graph that stands behind what was recorded of it has lost events: it is compared with all it once held.
    """
    async with postgres.brand(brand) as conn:
        await lock(conn, books_lock(brand))
        await lock(conn, graph_lock(brand))
        recorded = await log.watermark(conn, brand, "graph")
        stands, _ = await standing_at(graph, brand, recorded)
        at_seq = max(stands, recorded)
        booked = await log.watermark(conn, brand, "ledger")
        told = await _from_log(conn, brand, at_seq)
        figures = await ledger.ledger_figures(conn)
        expected, found = told.finished(), _Account()
        async for member in all_members(graph, brand):
            _hold(found, member.key.removeprefix(f"{brand}|"), member)
    differences: list[dict[str, Any]] = []
    for member_id in sorted(expected.members.keys() | found.members.keys()):
        said, held = expected.members.get(member_id, Counter()), found.members.get(member_id, Counter())
        if said != held:
            _differ(differences, member_id, said, held)
    log_orders = OrdersSide(told.orders, ledger.figures_hash(told.order_hash))
    ledger_orders = OrdersSide(figures.orders, figures.hash)
    if booked == at_seq and log_orders != ledger_orders:
        differences.append({"orders": "ledger", "log": log_orders.orders, "ledger": ledger_orders.orders})
    return Consistency(
        ok=not differences and found.side() == expected.side(),
        at_seq=at_seq,
        graph=found.side(),
        log=expected.side(),
        ledger=ledger_orders,
        log_orders=log_orders,
        differences=differences[: limits.DIFFERENCES_MAX],
    )


def _differ(differences: list[dict[str, Any]], member_id: str, told: Counter[str], held: Counter[str]) -> None:
    if len(differences) < limits.DIFFERENCES_MAX:
        differences.append(
            {
                "member_id": member_id,
                "only_log": sorted((told - held).elements())[:10],
                "only_graph": sorted((held - told).elements())[:10],
            }
        )


async def _from_log(conn: Connection, brand: str, upto: int) -> _Told:
    facts, after = _Told(), 0
    while after < upto:
        events = await log.read(conn, brand, after, upto, limits.PROJECT_EVENTS_MAX)
        if not events:
            break
        last = events[-1].seq
        found = {o.seq: o for o in await log.outcomes_between(conn, brand, "graph", after, last)}
        for event in events:
            outcome = found.get(event.seq)
            facts.add(
                event,
                outcome.detail if outcome else None,
                applied=outcome is not None and outcome.status == "applied",
            )
        after = last
    return facts
