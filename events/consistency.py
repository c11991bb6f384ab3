"""The graph against the log and the ledger, at one watermark: counts, hashes, and the first differences.

The log's side is computed from events and recorded outcomes alone; the graph's side from what Neo4j really holds. Each
member is one list of facts (tree edges, standing, identifiers, orders); equal lists have equal hashes, and the sum of the
hashes does not depend on any order.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import limits
from core.clock import iso
from core.neo4j import Graph
from core.postgres import Connection, Postgres, lock
from events import log
from events.projectors import books_lock, graph_lock
from events.translate import sealed_token
from graph.flows.project import standing_at
from graph.flows.read import all_members
from graph.store.reading import MemberFacts
from ledger.flows import read as ledger

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


class _Facts:
    """What the log says of every member of a brand."""

    def __init__(self) -> None:
        self.members: dict[str, set[str]] = defaultdict(set)
        self._seen: dict[tuple[str, str], list[int]] = {}
        self._invited: dict[str, tuple[str, str, int]] = {}
        self.orders = 0
        self.order_hash = 0

    def add(self, event: log.LoggedEvent, detail: dict[str, Any] | None, *, applied: bool) -> None:
        data, seq = event.data, event.seq
        match event.type:
            case "member.registered.v1":
                self._member(data["member_id"], seq)
            case "member.identified.v1":
                self._member(data["member_id"], seq)
                for token in {t.token for i in data["identifiers"] if (t := sealed_token(i["value"])) is not None}:
                    self._seen.setdefault((data["member_id"], token), [seq, 0])[1] += 1
            case "order.paid.v1" if applied:
                assert detail is not None
                self._member(data["buyer_id"], seq)
                chain = [person["member_id"] for person in detail["chain"]]
                self.members[data["buyer_id"]].add(_order(data["order_id"], chain))
                self.orders += 1
                self.order_hash += ledger.order_figure(data["order_id"], data["buyer_id"], chain)
        self._tree(detail or {}, seq)

    def _member(self, member_id: str, seq: int) -> None:
        if member_id not in self.members:
            self.members[member_id].add(f"first {seq}")

    def _tree(self, detail: dict[str, Any], seq: int) -> None:
        if bound := detail.get("bound"):
            edge = _edge("bound", bound["promoter_id"], bound["since"], bound["expires_at"], seq)
            self.members[bound["member_id"]].add(edge)
        if (approved := detail.get("approved")) and approved["new"]:
            self.members[approved["member_id"]].add(f"standing active {seq}")
            self._invite(approved["member_id"], approved["inviter_id"], approved["at"], seq)
        if stood := detail.get("stood"):
            self.members[stood["member_id"]].add(f"standing {stood['standing']} {seq}")
        if moved := detail.get("moved"):
            before = self._invited.pop(moved["member_id"], None)
            if before is not None:
                self.members[moved["member_id"]].discard(_edge("invited", *before[:2], None, before[2]))
                self.members[moved["member_id"]].add(_edge("invited", *before[:2], moved["at"], before[2]))
            self._invite(moved["member_id"], moved["inviter_id"], moved["at"], seq)

    def _invite(self, member_id: str, inviter_id: str | None, at: str, seq: int) -> None:
        if inviter_id is not None:
            self._invited[member_id] = (inviter_id, at, seq)
            self.members[member_id].add(_edge("invited", inviter_id, at, None, seq))

    def finished(self) -> dict[str, set[str]]:
        """Every member's facts, complete."""
        for (member_id, token), (seq, times) in self._seen.items():
            self.members[member_id].add(f"seen {token} {times} {seq}")
        return self.members


def _edge(kind: str, other: str, since: str, until: str | None, seq: int) -> str:
    return f"{kind} {other} {since} {until} {seq}"


def _order(order_id: str, chain: Iterable[str]) -> str:
    return "order " + " ".join([order_id, *(f"{level}:{who}" for level, who in enumerate(chain, 1))])


def _graph_facts(member: MemberFacts) -> set[str]:
    facts = {f"first {member.first_seq}"}
    facts |= {_edge("bound", e["id"], iso(e["from"]), _iso(e["to"]), e["seq"]) for e in member.bound}
    facts |= {_edge("invited", e["id"], iso(e["from"]), _iso(e["to"]), e["seq"]) for e in member.invited}
    facts |= {f"standing {what} {seq}" for what, seq in zip(member.standing, member.standing_seq, strict=True)}
    facts |= {f"seen {e['token']} {e['times']} {e['seq']}" for e in member.seen}
    facts |= {f"order {order}".rstrip() for order in member.orders}
    return facts


def _iso(at: datetime | None) -> str | None:
    return iso(at) if at is not None else None


def _digest(member_id: str, facts: set[str]) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join([member_id, *sorted(facts)]).encode()).digest())


class _Sum:
    def __init__(self) -> None:
        self.members = self.edges = self.hash = 0

    def add(self, member_id: str, facts: set[str]) -> int:
        digest = _digest(member_id, facts)
        self.members += 1
        self.edges += len(facts) - 1  # all but the fact of being there
        self.hash = (self.hash + digest) % _SPACE
        return digest

    def side(self) -> Side:
        return Side(self.members, self.edges, f"{self.hash:064x}")


async def check(postgres: Postgres, graph: Graph, brand: str) -> Consistency:
    """Compare a brand's graph and ledger with its log, all standing still at the graph's watermark."""
    async with postgres.brand(brand) as conn:
        await lock(conn, books_lock(brand))
        await lock(conn, graph_lock(brand))
        at_seq, _ = await standing_at(graph, brand)
        booked = await log.watermark(conn, brand, "ledger")
        told = await _from_log(conn, brand, at_seq)
        figures = await ledger.ledger_figures(conn)
        expected, found = _Sum(), _Sum()
        digests = {member_id: expected.add(member_id, facts) for member_id, facts in told.finished().items()}
        differences: list[dict[str, Any]] = []
        async for member in all_members(graph, brand):
            member_id = member.key.removeprefix(f"{brand}|")
            facts = _graph_facts(member)
            if found.add(member_id, facts) != digests.pop(member_id, None):
                _differ(differences, member_id, told.members.get(member_id, set()), facts)
        for member_id in digests:
            _differ(differences, member_id, told.members[member_id], set())
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


def _differ(differences: list[dict[str, Any]], member_id: str, told: set[str], held: set[str]) -> None:
    if len(differences) < limits.DIFFERENCES_MAX:
        differences.append(
            {
                "member_id": member_id,
                "only_log": sorted(told - held)[:10],
                "only_graph": sorted(held - told)[:10],
            }
        )


async def _from_log(conn: Connection, brand: str, upto: int) -> _Facts:
    facts, after = _Facts(), 0
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
