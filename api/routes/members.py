"""Members: profile, who stands above and below, bindings, tokens for the shop's own pages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request

from api.answers.members import Binding, BindingMade, MemberToken, Moved, Profile, Team, Uplines
from api.auth import MEMBER, READERS, caller, member_token
from api.commands import run_command
from api.document import gives
from api.paging import Cursor, Limit, page, read_cursor
from api.platform import Platform, platform
from api.scoped import roles, router
from api.times import AsOf, PathId, at_or_now
from core import limits
from core.errors import Refusal
from events import log
from events.fields import Id, Instant, Strict, Text, example
from events.shop import BindingRequested
from graph.contracts import MoveDistributor
from graph.flows import read as graph
from members.flows.team import team_page
from privacy.masks import mask
from privacy.vault import from_text

routes = router("members")

_REFUSED: Final = ("unknown_member", "self_binding", "promoter_inactive", "already_bound", "would_loop", "too_deep")

Levels = Annotated[int, Query(ge=1, le=limits.LEVELS_MAX)]


@routes.get("/v1/members/{member_id}", summary="A member's profile", **gives(Profile), **roles(*READERS, MEMBER))
async def read_member(request: Request, member_id: PathId) -> dict[str, Any]:
    parts, who = platform(request), caller(request)
    who.may_see_member(member_id)
    now = await parts.clock.now()
    found = await graph.profile(parts.live, who.brand, member_id, now)
    bound = await graph.binding(parts.live, who.brand, member_id, now)

    def above(somebody: str | None) -> str | None:
        return mask("external_id", somebody) if somebody is not None and who.role == MEMBER else somebody

    return {
        "member_id": member_id,
        "status": found.standing or "active",
        "kind": found.kind or "customer",
        "is_distributor": found.approved,
        "grade": found.grade,
        "badges": [],
        "inviter_id": above(found.inviter_id),
        "binding": {**asdict(bound), "promoter_id": above(bound.promoter_id)},
        "accounts": await _accounts(parts, who.brand, member_id, found.account_seqs),
        "registered_at": found.registered_at,
        "growth_value": 0,
    }


async def _accounts(parts: Platform, brand: str, member_id: str, seqs: list[int]) -> list[dict[str, Any]]:
    async with parts.postgres.brand(brand) as conn:
        events = await log.read_some(conn, brand, seqs)
    accounts = []
    for event in events:
        sealed = from_text(event.data["external_id"]["sealed"])
        clear = await parts.keyring.open_value(brand, member_id, "external_id", sealed)
        external_id = mask("external_id", clear) if clear is not None else None
        accounts.append({"platform": event.data["platform"], "external_id": external_id})
    return accounts


@routes.get("/v1/members/{member_id}/uplines", summary="Who stands above a member", **gives(Uplines), **roles(*READERS))
async def list_uplines(
    request: Request, member_id: PathId, as_of: AsOf = None, levels: Levels = limits.LEVELS_MAX
) -> dict[str, Any]:
    parts, who = platform(request), caller(request)
    at = as_of or await parts.clock.now()
    found = await graph.uplines(parts.live, who.brand, member_id, at, levels)
    return {"items": [asdict(upline) for upline in found], "next_cursor": None}


@routes.get(
    "/v1/members/{member_id}/team", summary="The distributors below a member", **gives(Team), **roles(*READERS, MEMBER)
)
async def list_team(
    request: Request,
    member_id: PathId,
    as_of: AsOf = None,
    depth: Levels = limits.LEVELS_MAX,
    limit: Limit = limits.PAGE_ITEMS_DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    parts, who = platform(request), caller(request)
    who.may_see_member(member_id)
    at = as_of or await parts.clock.now()
    after = await read_cursor(request, cursor, int, str) or (0, "")
    found = await team_page(
        parts.live, parts.postgres, who.brand, member_id, at, depth, (after[0], after[1]), limit + 1
    )
    place = [(row.level, row.member_id) for row in found]
    items = [asdict(row) for row in found]
    if who.role == MEMBER:
        for item in items:
            item["member_id"] = mask("external_id", item["member_id"])
    return await page(request, items, limit, lambda _: place[limit - 1])


@routes.get("/v1/members/{member_id}/binding", summary="To whom a member is bound", **gives(Binding), **roles(*READERS))
async def read_binding(request: Request, member_id: PathId, as_of: AsOf = None) -> dict[str, Any]:
    parts, who = platform(request), caller(request)
    at = as_of or await parts.clock.now()
    return asdict(await graph.binding(parts.live, who.brand, member_id, at))


@routes.post(
    "/v1/members/{member_id}/tokens",
    status_code=201,
    summary="A token for one member",
    **gives(MemberToken),
    **roles("pipeline", secrets=("token",)),
)
async def make_member_token(request: Request, member_id: PathId) -> dict[str, Any]:
    parts, brand = platform(request), caller(request).brand
    await graph.profile(parts.live, brand, member_id, await parts.clock.now())
    text, seconds = await member_token(parts, brand, member_id)
    return {"member_id": member_id, "token": text, "expires_in_seconds": seconds}


class AskedBinding(Strict):
    """Bind a buyer to a promoter from an instant on, or from now."""

    model_config = example(member_id="bob", promoter_id="ann", channel="h5")

    member_id: Id
    promoter_id: Id
    channel: Text
    link_code: Id | None = None
    at: Instant | None = None


@routes.post(
    "/v1/bindings",
    status_code=201,
    summary="Bind a buyer to a promoter",
    **gives(BindingMade, {409: _REFUSED}, waits=True),
    **roles("operator"),
)
async def bind(request: Request, asked: AskedBinding) -> dict[str, Any]:
    at = await at_or_now(platform(request).clock, asked.at)
    event = BindingRequested(
        member_id=asked.member_id,
        promoter_id=asked.promoter_id,
        channel=asked.channel,
        link_code=asked.link_code,
        requested_at=at,
    )
    done = await run_command(request, event, asked.model_dump(mode="json"))
    return {"state": "bound", "seq": done.seq, **done.detail["bound"]}


class AskedMove(Strict):
    """Put a distributor with its team under another inviter; null makes it a root."""

    model_config = example(invited_by="ann", reason="her team from now on", dry_run=True)

    invited_by: Id | None
    reason: Text
    dry_run: bool = False


@routes.post(
    "/v1/distributors/{member_id}/move",
    summary="Move a distributor with its team",
    **gives(Moved, {409: _REFUSED}, waits=True),
    **roles("operator"),
)
async def move_distributor(request: Request, member_id: PathId, asked: AskedMove) -> dict[str, Any]:
    parts = platform(request)
    now = await parts.clock.now()
    if asked.dry_run:
        decided = await graph.try_move(parts.live, caller(request).brand, member_id, asked.invited_by, now)
        if decided.code:
            raise Refusal(409, decided.code, f"this move would be refused: {decided.code}")
        effect = {"members_moved": decided.moved, "depth_after": decided.depth}
    else:
        event = MoveDistributor(member_id=member_id, invited_by=asked.invited_by, reason=asked.reason, at=now)
        done = await run_command(request, event, asked.model_dump(mode="json"))
        effect = done.detail["moved"]
    state: Literal["planned", "moved"] = "planned" if asked.dry_run else "moved"
    return {"state": state, "member_id": member_id, "invited_by": asked.invited_by, "orders_affected": 0, **effect}
