"""Reads of the graph for one brand: who is who, who stands above and below, what ties two persons."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import limits
from core.errors import not_found
from core.stores.neo4j import Graph
from graph.domain.facts import Moved
from graph.flows.project import move_row
from graph.store import projection
from graph.store import reading as store
from graph.store.reading import MemberFacts, Profile, TeamMember, Upline

_CONSISTENCY_PAGE = 500
_NEVER = 2**62
"""A number no event reaches: a question about everything the graph holds."""


@dataclass(frozen=True, slots=True)
class BindingState:
    """A member's binding at an instant; everything but ``state`` is None for a member that never had one."""

    state: Literal["bound", "expired", "none"]
    promoter_id: str | None = None
    since: datetime | None = None
    expires_at: datetime | None = None
    how: str | None = None


async def profile(graph: Graph, brand: str, member_id: str, as_of: datetime) -> Profile:
    """What the graph knows of a member; 404 for an unknown one."""
    async with graph.reading() as tx:
        found = await store.PROFILE.one(tx, key=f"{brand}|{member_id}", as_of=as_of)
    if found is None:
        raise not_found("member")
    return found


async def uplines(graph: Graph, brand: str, member_id: str, as_of: datetime, levels: int) -> list[Upline]:
    """The people above a member at an instant, nearest first, at most three; 404 for an unknown member."""
    await profile(graph, brand, member_id, as_of)
    async with graph.reading() as tx:
        return await store.UPLINES.run(tx, key=f"{brand}|{member_id}", as_of=as_of, levels=levels)


async def binding(graph: Graph, brand: str, member_id: str, as_of: datetime) -> BindingState:
    """The binding that holds at an instant, else the last that held before it; 404 for an unknown member."""
    await profile(graph, brand, member_id, as_of)
    async with graph.reading() as tx:
        found = await store.BINDING.one(tx, key=f"{brand}|{member_id}", as_of=as_of)
    if found is None:
        return BindingState("none")
    state: Literal["bound", "expired"] = "bound" if as_of < found.expires_at else "expired"
    return BindingState(state, found.promoter_id, found.since, found.expires_at, found.how)


async def team(
    graph: Graph, brand: str, member_id: str, as_of: datetime, depth: int, after: tuple[int, str], count: int
) -> list[TeamMember]:
    """A page of the distributors below a member, level by level, after the given place; 404 for an unknown member."""
    await profile(graph, brand, member_id, as_of)
    async with graph.reading() as tx:
        return await store.TEAM.run(
            tx,
            key=f"{brand}|{member_id}",
            as_of=as_of,
            depth=depth,
            after_level=after[0],
            after_id=after[1],
            count=count,
        )


async def ties(
    graph: Graph,
    brand: str,
    buyer_id: str,
    order_id: str,
    named_tokens: Sequence[str],
    upline_ids: Sequence[str],
    seconds_max: float,
) -> list[list[dict[str, Any]]]:
    """The paths from a buyer, or an order's own identifiers, to the persons above: lists of ``{kind, id}``."""
    async with graph.reading(seconds_max) as tx:
        found = await store.TIES.run(
            tx,
            buyer_key=f"{brand}|{buyer_id}",
            order_id=order_id,
            named_keys=[f"{brand}|{token}" for token in named_tokens],
            upline_keys=[f"{brand}|{upline}" for upline in upline_ids],
            ties_max=limits.TIES_PER_ORDER_MAX,
        )
    return [tie.path for tie in found]


async def known_since(graph: Graph, brand: str, member_ids: Sequence[str]) -> dict[str, int]:
    """The members among these that the graph knows, with the number of the event that first spoke of them."""
    if not member_ids:
        return {}
    async with graph.reading() as tx:
        rows = await store.KNOWN_MEMBERS.run(tx, keys=[f"{brand}|{member_id}" for member_id in member_ids])
    return {row.member_id: row.first_seq for row in rows}


async def try_move(graph: Graph, brand: str, move: Moved) -> projection.MoveDecided:
    """What a move would do, without doing it."""
    row = move_row(brand, _NEVER, move.member_id, move.inviter_id, move.at, dry_run=True)
    async with graph.writing() as tx:
        (decided,) = await projection.MOVE.run(tx, rows=[row], levels=limits.LEVELS_MAX)
        return decided


async def all_members(graph: Graph, brand: str) -> AsyncIterator[MemberFacts]:
    """Every member of a brand with all the graph holds of it, in key order, page by page."""
    after = ""
    while True:
        async with graph.reading(seconds_max=60) as tx:
            page = await store.MEMBER_FACTS.run(tx, prefix=f"{brand}|", after=after, count=_CONSISTENCY_PAGE)
        for member in page:
            yield member
        if len(page) < _CONSISTENCY_PAGE:
            return
        after = page[-1].key
