"""Reads of the graph for one brand: who is who, who stands above and below, what ties two persons."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from core import limits
from core.errors import not_found
from graph.flows.live import LiveGraph
from graph.flows.project import NEVER, move_row
from graph.store import projection
from graph.store import reading as store
from graph.store.reading import MemberFacts, Profile, TeamMember, Upline

_CONSISTENCY_SECONDS_MAX = 60.0
"""For one page; a member may have a hundred thousand orders."""
__all__ = [
    "BindingState",
    "MemberFacts",
    "Profile",
    "TeamMember",
    "Upline",
    "binding",
    "member_pages",
    "members_facts",
    "profile",
    "team",
    "ties",
    "try_move",
    "uplines",
]


@dataclass(frozen=True, slots=True)
class BindingState:
    """A member's binding at an instant; everything but ``state`` is None for a member that never had one."""

    state: Literal["bound", "expired", "none"]
    promoter_id: str | None = None
    since: datetime | None = None
    expires_at: datetime | None = None
    how: str | None = None


async def profile(graph: LiveGraph, brand: str, member_id: str, as_of: datetime) -> Profile:
    """What the graph knows of a member; 404 for an unknown one."""
    async with graph.reading(brand) as read:
        found = await store.PROFILE.one(read.tx, key=read.key(member_id), as_of=as_of)
    if found is None:
        raise not_found("member")
    return found


async def uplines(graph: LiveGraph, brand: str, member_id: str, as_of: datetime, levels: int) -> list[Upline]:
    """The people above a member at an instant, nearest first, at most three; 404 for an unknown member."""
    await profile(graph, brand, member_id, as_of)
    async with graph.reading(brand) as read:
        return await store.UPLINES.run(read.tx, key=read.key(member_id), as_of=as_of, levels=levels)


async def binding(graph: LiveGraph, brand: str, member_id: str, as_of: datetime) -> BindingState:
    """The binding that holds at an instant, else the last that held before it; 404 for an unknown member."""
    await profile(graph, brand, member_id, as_of)
    async with graph.reading(brand) as read:
        found = await store.BINDING.one(read.tx, key=read.key(member_id), as_of=as_of)
    if found is None:
        return BindingState("none")
    state: Literal["bound", "expired"] = "bound" if as_of < found.expires_at else "expired"
    return BindingState(state, found.promoter_id, found.since, found.expires_at, found.how)


async def team(
    graph: LiveGraph, brand: str, member_id: str, as_of: datetime, depth: int, after: tuple[int, str], count: int
) -> list[TeamMember]:
    """A page of the distributors below a member, level by level, after the given place; 404 for an unknown member."""
    await profile(graph, brand, member_id, as_of)
    async with graph.reading(brand) as read:
        return await store.TEAM.run(
            read.tx,
            key=read.key(member_id),
            as_of=as_of,
            depth=depth,
            after_level=after[0],
            after_id=after[1],
            count=count,
        )


async def ties(
    graph: LiveGraph,
    brand: str,
    buyer_id: str,
    order_id: str,
    named_tokens: Sequence[str],
    upline_ids: Sequence[str],
    seconds_max: float,
) -> list[list[dict[str, Any]]]:
    """The paths from a buyer, or an order's own identifiers, to the persons above: lists of ``{kind, id}``.

    Kinds are named as the API names them.
    """
    async with graph.reading(brand, seconds_max) as read:
        found = await store.TIES.run(
            read.tx,
            buyer_key=read.key(buyer_id),
            order_id=order_id,
            named_keys=[read.key(token) for token in named_tokens],
            upline_keys=[read.key(upline) for upline in upline_ids],
            ties_max=limits.TIES_PER_ORDER_MAX,
        )
    return [[asdict(step) for step in tie.path] for tie in found]


async def try_move(
    graph: LiveGraph, brand: str, member_id: str, inviter_id: str | None, at: datetime
) -> projection.MoveDecided:
    """What a move would do, without doing it."""
    space = await graph.space(brand)
    row = move_row(space, NEVER, member_id, inviter_id, at, dry_run=True)
    async with graph.graph.writing() as tx:
        (decided,) = await projection.MOVE.save(tx, [row], levels=limits.LEVELS_MAX)
        return decided


async def members_facts(graph: LiveGraph, brand: str, member_ids: Sequence[str]) -> list[MemberFacts]:
    """All the graph holds of some members; one it does not know is absent."""
    if not member_ids:
        return []
    async with graph.reading(brand, _CONSISTENCY_SECONDS_MAX) as read:
        page = await store.MEMBER_FACTS.one(read.tx, keys=[read.key(member_id) for member_id in member_ids])
    return [MemberFacts._make(member) for member in page.members] if page else []


async def member_pages(graph: LiveGraph, brand: str) -> AsyncIterator[list[str]]:
    """The ids of every member of a brand, page by page."""
    after = ""
    while True:
        async with graph.reading(brand, _CONSISTENCY_SECONDS_MAX) as read:
            # the character after the one that ends a space's name ends the range of its keys
            row = await store.MEMBERS.one(
                read.tx, after=read.key(after), before=f"{read.space}}}", count=limits.CONSISTENCY_PAGE
            )
            page = [read.name(key) for key in row.keys] if row else []
        if not page:
            return
        yield page
        after = page[-1]
