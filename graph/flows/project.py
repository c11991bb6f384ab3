"""A batch of facts into the graph, in one write transaction with its watermark.

Facts of a batch are grouped by what they do, so that each kind is one query. Grouping never changes an answer: members
and identifiers carry the number of the event that made them, and every question of an order looks only at what smaller
numbers made; what changes the tree, orders' bindings included, is decided strictly in the order of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

import orjson
from neo4j import AsyncTransaction

from core import limits
from core.clock import microseconds
from core.stores.neo4j import Graph
from events.outcome import Outcome
from graph.domain.chain import frozen_chain
from graph.domain.facts import Approved, BindAsked, Fact, Identified, Moved, Ordered, Registered, Standing
from graph.findings import Appointed, Bound, Effect, Finding, MovedUnder, OrderFound, Stood
from graph.store import projection as store
from graph.store.spaces import brand_of
from privacy.kinds import KINDS, Kind
from privacy.tokens import Token, Tokens

NEVER: Final = 2**62
"""A number no event reaches: for a question about everything the graph holds."""


class Fenced(Exception):
    """Somebody else has projected this stretch of the log; read the watermark again."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a graph stands: the space its nodes lie in, the last event it holds and the log's hash there.

    ``outcomes`` are those of its last stretch, if they go beyond what the log's store has recorded. ``model`` is the
    number of its shape.
    """

    space: str
    seq: int
    log_hash: bytes | None
    outcomes: tuple[Outcome, ...] = ()
    model: int = store.MODEL


async def stand_of(graph: Graph, space: str, recorded: int) -> Stand:
    """Where the graph in a space stands; at 0 where there is none yet."""
    async with graph.reading() as tx:
        row = await store.WATERMARK.one(tx, space=space, recorded=recorded)
    if row is None:
        return Stand(space, 0, None)
    outcomes = tuple(Outcome(**item) for item in orjson.loads(row.outcomes or "[]"))
    log_hash = bytes.fromhex(row.log_hash) if row.log_hash else None
    return Stand(space, row.seq, log_hash, outcomes, row.model)


async def stands_at(graph: Graph, space: str) -> int:
    """The number of the last event a graph holds, without what it found of its last stretch."""
    return (await stand_of(graph, space, recorded=NEVER)).seq


async def project(
    graph: Graph, space: str, after: int, upto: int, log_hash: bytes, facts: Sequence[Fact]
) -> list[Outcome]:
    """Apply the facts of the log's stretch ``after < seq ≤ upto`` to the graph in a space, in order, exactly once.

    ``log_hash`` is the log's at ``upto``. Answers the outcome of each fact. Raises Fenced when the graph does not stand
    at ``after``.
    """
    async with graph.writing() as tx:
        stand = await store.FENCE.one(tx, space=space, model=store.MODEL)
        if stand is None or stand.seq != after:
            raise Fenced(space)
        outcomes = [finding.as_outcome() for finding in await apply_facts(tx, space, facts)]
        await _advance(tx, space, upto, log_hash, outcomes)
    return outcomes


async def pass_over(graph: Graph, space: str, seq: int, log_hash: bytes) -> Outcome:
    """Move past one event that cannot be projected; raises Fenced when the graph does not stand before it."""
    outcome = Outcome(seq, "failed", "failed")
    async with graph.writing() as tx:
        stand = await store.FENCE.one(tx, space=space, model=store.MODEL)
        if stand is None or stand.seq != seq - 1:
            raise Fenced(space)
        await _advance(tx, space, seq, log_hash, [outcome])
    return outcome


async def _advance(tx: AsyncTransaction, space: str, upto: int, log_hash: bytes, outcomes: Sequence[Outcome]) -> None:
    text = orjson.dumps(outcomes).decode()
    await store.ADVANCE.run(tx, space=space, seq=upto, log_hash=log_hash.hex(), outcomes=text)


async def apply_facts(tx: AsyncTransaction, space: str, facts: Sequence[Fact]) -> list[Finding]:
    """Apply facts, in order, inside a transaction that holds the space."""
    orders, repeated = await _first_orders(tx, space, [f for f in facts if isinstance(f, Ordered)])
    await _make_members(tx, space, facts, orders)
    await _see(tx, space, [f for f in facts if isinstance(f, Identified)])
    tree = await _decide_tree(tx, space, facts, orders)
    recorded = await _record_orders(tx, space, orders, tree)
    by_seq = {finding.seq: finding for finding in (*tree.values(), *repeated, *recorded)}
    return [by_seq[seq] for seq in sorted(by_seq)]


async def _first_orders(
    tx: AsyncTransaction, space: str, orders: Sequence[Ordered]
) -> tuple[list[Ordered], list[Finding]]:
    if not orders:
        return [], []
    keys = list({f"{space}|{order.order_id}" for order in orders})
    prints = {row.key: row.data_print for row in await store.KNOWN_ORDERS.run(tx, keys=keys)}
    first: list[Ordered] = []
    repeated: list[Finding] = []
    for order in orders:
        known = prints.get(f"{space}|{order.order_id}")
        if known is None:
            prints[f"{space}|{order.order_id}"] = order.data_print
            first.append(order)
        elif known == order.data_print:
            repeated.append(Finding(order.seq, "none"))
        else:
            repeated.append(Finding(order.seq, "refused", "order_conflict"))
    return first, repeated


async def _make_members(tx: AsyncTransaction, space: str, facts: Sequence[Fact], orders: Sequence[Ordered]) -> None:
    made: list[Registered | Identified] = [f for f in facts if isinstance(f, Registered | Identified)]
    first_seen = {order.buyer_id: order.seq for order in reversed(orders)}
    first_order = dict(first_seen)
    for fact in reversed(made):
        first_seen[fact.member_id] = min(fact.seq, first_seen.get(fact.member_id, fact.seq))
    if not first_seen:
        return
    brand = brand_of(space)
    first_told = [store.FirstTold(f"{space}|{m}", brand, m, seq, first_order.get(m)) for m, seq in first_seen.items()]
    await store.ENSURE_MEMBERS.save(tx, first_told)
    registrations = [
        store.Registration(
            key=f"{space}|{f.member_id}",
            brand=brand,
            seq=f.seq,
            registered_at=f.at,
            kind=f.kind,
            entry_channel=f.entry_channel,
            platform=f.platform,
            account_key=f"{space}|{f.platform}|{f.account}" if f.account else None,
            account_token=f.account,
        )
        for f in made
        if isinstance(f, Registered)
    ]
    await store.REGISTER.save(tx, registrations)


async def _see(tx: AsyncTransaction, space: str, seen: Sequence[Identified]) -> None:
    sightings = [
        store.Sighting(
            key=f"{space}|{f.member_id}",
            brand=brand_of(space),
            seq=f.seq,
            seen_at=f.at,
            owns=_identifiers(space, {kind: found for kind, found in f.tokens.items() if KINDS[kind].ties}),
            met=_identifiers(space, {kind: found for kind, found in f.tokens.items() if not KINDS[kind].ties}),
        )
        for f in seen
    ]
    await store.SIGHTINGS.save(tx, sightings)


def _identifiers(space: str, tokens: Tokens) -> list[store.Identifier]:
    """Rows of identifiers, each once."""
    return [_identifier(space, KINDS[kind], token) for kind, found in tokens.items() for token in dict.fromkeys(found)]


def _identifier(space: str, kind: Kind, token: Token) -> store.Identifier:
    return store.Identifier(
        key=f"{space}|{token.token}",
        kind=kind.name,
        label=kind.label,
        token=token.token,
        links=token.links,
        building=token.building,
        place=token.place,
    )


def _until(at: datetime) -> datetime:
    return at + timedelta(hours=24 * limits.BINDING_DAYS)


def _tree_facts(facts: Iterable[Fact], orders: Sequence[Ordered]) -> Iterable[Approved | BindAsked | Standing | Moved]:
    """What changes the tree, in the order of the log: registrations and first orders ask for bindings too."""
    first = {order.seq for order in orders}
    for fact in facts:
        if isinstance(fact, Registered) and fact.invited_by is not None:
            yield BindAsked(fact.seq, fact.member_id, fact.invited_by, fact.at, "registration")
        elif isinstance(fact, Ordered) and fact.seq in first and fact.promoter_id is not None:
            yield BindAsked(fact.seq, fact.buyer_id, fact.promoter_id, fact.placed_at, "order")
        elif isinstance(fact, Approved | BindAsked | Standing | Moved):
            yield fact


async def _decide_tree(
    tx: AsyncTransaction, space: str, facts: Sequence[Fact], orders: Sequence[Ordered]
) -> dict[int, Finding]:
    findings = {
        f.seq: Finding(f.seq, "applied", "unknown_link")
        for f in facts
        if isinstance(f, Registered) and f.invited_by is None and f.link_code is not None
    }
    registrations = {f.seq for f in facts if isinstance(f, Registered)}
    for kind, run in groupby(_tree_facts(facts, orders), key=type):
        for finding in await _DECIDE[kind](tx, space, list(run)):
            if finding.seq in registrations:  # the member is made, whatever became of the binding
                finding = Finding(finding.seq, "applied", finding.code, finding.effect)
            findings[finding.seq] = finding
    return findings


async def _bind(tx: AsyncTransaction, space: str, asked: Sequence[BindAsked]) -> list[Finding]:
    bindings = [
        store.Binding(f.seq, f"{space}|{f.member_id}", f"{space}|{f.promoter_id}", f.at, _until(f.at), f.how)
        for f in asked
    ]
    codes = {row.seq: row.code for row in await store.BIND.save(tx, bindings)}
    return [_finding(f.seq, codes[f.seq], Bound(f.member_id, f.promoter_id, f.at, _until(f.at), f.how)) for f in asked]


async def _approve(tx: AsyncTransaction, space: str, asked: Sequence[Approved]) -> list[Finding]:
    approvals = [
        store.Approval(f.seq, f"{space}|{f.member_id}", f.inviter_given, _key(space, f.inviter_id), f.at, f.grade)
        for f in asked
    ]
    decided = {row.seq: row for row in await store.APPROVE.save(tx, approvals, levels=limits.LEVELS_MAX)}
    return [
        _finding(
            f.seq,
            decided[f.seq].code,
            Appointed(f.member_id, _id(space, decided[f.seq].inviter_key), f.at, f.grade, decided[f.seq].changed),
        )
        for f in asked
    ]


async def _stand(tx: AsyncTransaction, space: str, asked: Sequence[Standing]) -> list[Finding]:
    standings = [store.NewStanding(f.seq, f"{space}|{f.member_id}", f.at, f.standing) for f in asked]
    codes = {row.seq: row.code for row in await store.STAND.save(tx, standings)}
    return [_finding(f.seq, codes[f.seq], Stood(f.member_id, f.at, f.standing)) for f in asked]


async def _move(tx: AsyncTransaction, space: str, asked: Sequence[Moved]) -> list[Finding]:
    moves = [move_row(space, f.seq, f.member_id, f.inviter_id, f.at, dry_run=False) for f in asked]
    decided = {row.seq: row for row in await store.MOVE.save(tx, moves, levels=limits.LEVELS_MAX)}
    return [
        _finding(
            f.seq,
            decided[f.seq].code,
            MovedUnder(f.member_id, f.inviter_id, f.at, decided[f.seq].moved, decided[f.seq].depth),
        )
        for f in asked
    ]


def move_row(
    space: str, seq: int, member_id: str, inviter_id: str | None, at: datetime, *, dry_run: bool
) -> store.Move:
    """One row of the move query."""
    return store.Move(seq, f"{space}|{member_id}", _key(space, inviter_id), at, dry_run)


_DECIDE: Final[dict[type, Any]] = {BindAsked: _bind, Approved: _approve, Standing: _stand, Moved: _move}


def _finding(seq: int, code: str | None, effect: Effect) -> Finding:
    return Finding(seq, "refused", code) if code else Finding(seq, "applied", None, effect)


def _key(space: str, member_id: str | None) -> str | None:
    return f"{space}|{member_id}" if member_id is not None else None


def _id(space: str, key: str | None) -> str | None:
    return key.removeprefix(f"{space}|") if key else None


async def _record_orders(
    tx: AsyncTransaction, space: str, orders: Sequence[Ordered], tree: dict[int, Finding]
) -> list[Finding]:
    if not orders:
        return []
    rows = []
    for order in orders:
        tying = [t for kind, found in order.tokens.items() if KINDS[kind].ties for t in found if t.links]
        rows.append(
            store.NewOrder(
                seq=order.seq,
                key=f"{space}|{order.order_id}",
                brand=brand_of(space),
                order_id=order.order_id,
                buyer_key=f"{space}|{order.buyer_id}",
                promoter_key=_key(space, order.promoter_id),
                placed_at_us=microseconds(order.placed_at),
                paid_fen=order.paid_fen,
                data_print=order.data_print,
                tying_keys=[f"{space}|{token.token}" for token in tying],
                identifiers=_identifiers(space, order.tokens),
            )
        )
    (recorded,) = await store.RECORD_ORDERS.save(tx, rows, ties_max=limits.TIES_PER_ORDER_MAX)
    named_self = {o.seq for o in orders if o.promoter_id == o.buyer_id}
    findings = []
    for row in recorded.found:
        # an order binds by the rules of a request; where it may not bind, that is no fault of the order
        bound = tree.pop(row.seq, None)
        effect = OrderFound(
            how=row.how,
            new_buyer=row.new_buyer,
            chain=frozen_chain(row.chain),
            ties=tuple(replace(tie, kind=KINDS[tie.kind].label) for tie in row.ties),
            named_self=row.seq in named_self,
            bound=bound.bound if bound is not None else None,
        )
        findings.append(Finding(row.seq, "applied", None, effect))
    return findings
