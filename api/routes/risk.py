"""Risk checks, decisions, and the blacklist."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

import orjson
from fastapi import Request, Response
from pydantic import ValidationError

from api.answers.risk import Decision, DecisionReplayed, Listing, Listings, Stage
from api.auth import READERS, caller
from api.commands import run_command
from api.document import gives
from api.paging import Cursor, Limit, page, read_cursor
from api.platform import platform
from api.problems import refusal_of
from api.scoped import roles, router
from api.times import PathId, refuse_future
from core import limits
from core.canonical import canonical
from core.errors import Refusal
from core.ids import new_id
from events.fields import Id, Personal, Strict, Text, example
from events.shop import AddressValue, OrderPaid
from privacy.kinds import KINDS
from privacy.tokens import Token, tokenise
from privacy.vault import BrandKeys
from risk.contracts import LiftFromBlacklist, ListedKind, ListOnBlacklist
from risk.flows import read
from risk.flows.check import OrderToCheck, print_of

routes = router("risk")


class Check(Strict):
    """An order to be checked while the shopper waits; ``order`` is the data of its order.paid event."""

    model_config = example(
        check_id="chk-1",
        stage="order",
        order={
            "order_id": "o1",
            "buyer_id": "m9",
            "channel": "mini_program",
            "placed_at": "2026-11-01T08:00:00+08:00",
            "paid_at": "2026-11-01T08:00:30+08:00",
            "lines": [{"line_id": "1", "product_id": "p1", "category": "tea", "quantity": 1, "paid_fen": 50_000}],
        },
    )

    check_id: Id
    stage: Stage
    order: OrderPaid


_CHECK: Final = roles("pipeline")
_CHECK["openapi_extra"] |= {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Check"}}},
    }
}


@routes.post("/v1/risk/checks", summary="May this order earn?", **gives(Decision, {409: ["check_conflict"]}), **_CHECK)
async def check_order(request: Request) -> Response:
    parts, brand = platform(request), caller(request).brand
    try:
        body = orjson.loads(await request.body())
        asked = Check.model_validate(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "bad_json", "the body is not JSON") from error
    except ValidationError as error:
        raise refusal_of(error) from error
    keys = await parts.keyring.brand(brand)
    request_print = print_of(keys, asked.stage, _named(body["order"]))
    now = await parts.clock.now()
    order = asked.order
    refuse_future(parts.clock, now, **{"order.placed_at": order.placed_at, "order.paid_at": order.paid_at})
    latest = None if parts.clock.simulated else now
    decision = await parts.checks.check(
        brand, asked.check_id, asked.stage, _order(keys, order), request_print, now, latest
    )
    return Response(canonical(decision.as_answer()), media_type="application/json")


def _named(told: Any) -> Any:
    """What a document names: a field that is null is one left out."""
    if isinstance(told, dict):
        return {name: _named(value) for name, value in told.items() if value is not None}
    return [_named(value) for value in told] if isinstance(told, list) else told


def _order(keys: BrandKeys, order: OrderPaid) -> OrderToCheck:
    named = {kind.name: getattr(order, kind.in_orders) for kind in KINDS.values() if kind.in_orders is not None}
    tokens: dict[str, Token] = {}
    for kind, value in named.items():
        plain = value.model_dump() if isinstance(value, AddressValue) else value
        if plain is not None and (token := tokenise(keys, kind, plain)) is not None:
            tokens[kind] = token
    amount_fen = sum(line.paid_fen for line in order.lines)
    return OrderToCheck(order.order_id, order.buyer_id, order.promoter_id, order.placed_at, amount_fen, tokens)


@routes.get(
    "/v1/risk/decisions/{decision_id}", summary="A decision as it was made", **gives(Decision), **roles(*READERS)
)
async def read_decision(request: Request, decision_id: PathId) -> dict[str, Any]:
    brand = caller(request).brand
    async with platform(request).postgres.brand(brand) as conn:
        return (await read.decision(conn, brand, decision_id)).as_answer()


@routes.post(
    "/v1/risk/decisions/{decision_id}/replay",
    summary="Decide again from the recorded features",
    **gives(DecisionReplayed),
    **roles("analyst"),
)
async def replay_decision(request: Request, decision_id: PathId) -> dict[str, Any]:
    brand = caller(request).brand
    async with platform(request).postgres.brand(brand) as conn:
        stored = await read.decision(conn, brand, decision_id)
        found = await read.replay(conn, brand, stored)
    again = asdict(found)
    return {"decision": stored.as_answer(), "agrees": again.pop("agrees"), "replayed": again}


class NewListing(Strict):
    """Somebody or something nobody may earn with unseen; the value is kept as a token only."""

    model_config = example(kind="device", value="a-device-id", reason="cashed out a stolen card")

    kind: ListedKind
    value: Annotated[Text, Personal(kind_field="kind")]
    reason: Text


@routes.post(
    "/v1/risk/blacklist",
    status_code=201,
    summary="List an identifier or a member",
    **gives(Listing, waits=True),
    **roles("analyst"),
)
async def add_to_blacklist(request: Request, new: NewListing) -> dict[str, Any]:
    event = ListOnBlacklist(
        entry_id=new_id("blk"),
        kind=new.kind,
        value=new.value,
        reason=new.reason,
        at=await platform(request).clock.now(),
        actor=caller(request).person,
    )
    done = await run_command(request, event, new.model_dump(mode="json"))
    return await _listing(request, done.data["entry_id"])


@routes.get(
    "/v1/risk/blacklist", summary="The blacklist, tokens only", **gives(Listings), **roles("analyst", "auditor")
)
async def list_blacklist(
    request: Request, limit: Limit = limits.PAGE_ITEMS_DEFAULT, cursor: Cursor = None
) -> dict[str, Any]:
    brand = caller(request).brand
    after = await read_cursor(request, cursor, str)
    async with platform(request).postgres.brand(brand) as conn:
        found = await read.listings(conn, brand, after[0] if after else "", limit + 1)
    return await page(request, [row.as_answer() for row in found], limit, lambda item: (item["entry_id"],))


class Lift(Strict):
    """Why an entry ends."""

    reason: Text


@routes.delete(
    "/v1/risk/blacklist/{entry_id}", summary="Lift an entry", **gives(Listing, waits=True), **roles("analyst")
)
async def lift_from_blacklist(request: Request, entry_id: PathId, asked: Lift | None = None) -> dict[str, Any]:
    await _listing(request, entry_id)
    event = LiftFromBlacklist(
        entry_id=entry_id,
        reason=asked.reason if asked else "lifted",
        at=await platform(request).clock.now(),
        actor=caller(request).person,
    )
    await run_command(request, event, asked.model_dump() if asked else None)
    return await _listing(request, entry_id)


async def _listing(request: Request, entry_id: str) -> dict[str, Any]:
    brand = caller(request).brand
    async with platform(request).postgres.brand(brand) as conn:
        return (await read.listing(conn, brand, entry_id)).as_answer()
