"""Events in, one or a thousand, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote

import orjson
from fastapi import Path, Query, Request, Response

from api.paging import Cursor, Limit, page, read_cursor
from api.platform import platform
from api.scoped import caller, roles, router, shows
from core import limits
from core.canonical import canonical, nested_deeper
from core.clock import iso
from core.errors import Refusal, not_found
from events import log
from events.fields import ID_PATTERN
from privacy.sealing import masked_data

routes = router("events")

_FAR_FUTURE: Final = datetime(9999, 1, 1, tzinfo=UTC)

_BODY_DOC: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]},
                "example": {
                    "specversion": "1.0",
                    "id": "evt-1",
                    "source": "shop",
                    "type": "order.completed.v1",
                    "time": "2026-11-01T08:00:00+08:00",
                    "data": {"order_id": "o1", "completed_at": "2026-11-01T08:00:00+08:00"},
                },
            }
        },
    }
}
_POST = roles("pipeline")
_POST["openapi_extra"] |= _BODY_DOC


@routes.post("/v1/events", summary="Take events: one, or an array of at most 1,000", **_POST)
async def take_events(request: Request) -> Response:
    events = _events(request, await request.body())
    taken = await platform(request).intake.take(caller(request).brand, events, "http")
    items = [{"id": t.id, "status": t.status, "seq": t.seq, "problem": t.problem} for t in taken]
    return Response(canonical({"items": items}), media_type="application/json")


def _events(request: Request, body: bytes) -> list[Any]:
    """The events of a body in any of the CloudEvents modes; raises Refusal 400 when it is none."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "bad_json", "the body is not JSON") from error
    if nested_deeper(parsed, limits.JSON_DEPTH_MAX):
        raise Refusal(400, "bad_json", f"the body is nested more than {limits.JSON_DEPTH_MAX} levels deep")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if "ce-specversion" in request.headers and not content_type.startswith("application/cloudevents"):
        attributes = {name[3:]: unquote(text) for name, text in request.headers.items() if name.startswith("ce-")}
        return [{**attributes, "data": parsed}]
    events = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(event, dict) for event in events):
        raise Refusal(400, "bad_json", "send a JSON object, or an array of objects")
    if len(events) > limits.EVENTS_PER_BATCH_MAX:
        raise Refusal(400, "batch_too_large", f"send at most {limits.EVENTS_PER_BATCH_MAX} events at a time")
    return events


@routes.get("/v1/events", summary="Events that were refused", **roles("pipeline", "analyst", "auditor"))
async def refused_events(
    request: Request,
    status: Annotated[Literal["rejected"], Query()],  # noqa: ARG001 - the only list there is so far
    limit: Limit = limits.PAGE_ITEMS_DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    before = read_cursor(cursor, datetime, str)
    found = await platform(request).intake.rejections(
        caller(request).brand,
        before[0] if before else _FAR_FUTURE,
        before[1] if before else "",
        limit + 1,
    )
    items = [
        {
            "rejection_id": r.rejection_id,
            "id": r.event_id,
            "source": r.source,
            "type": r.type,
            "via": r.via,
            "received_at": iso(r.received_at),
            "problem": r.problem,
            "event": r.shown,
        }
        for r in found
    ]
    return page(items, limit, lambda item: (item["received_at"], item["rejection_id"]))


@routes.post("/v1/events/rejections/{rejection_id}/resend", summary="Take a refused event again", **roles("pipeline"))
async def resend(request: Request, rejection_id: Annotated[str, Path(pattern=ID_PATTERN)]) -> dict[str, Any]:
    taken = await platform(request).intake.resend(caller(request).brand, rejection_id)
    if taken is None:
        raise not_found("refused event")
    return {"id": taken.id, "status": taken.status, "seq": taken.seq, "problem": taken.problem}


_EXAMPLE: Final = {
    "seq": 17,
    "event": {
        "id": "evt-1",
        "source": "shop",
        "type": "order.completed.v1",
        "subject": None,
        "time": "2026-11-01T08:00:00+08:00",
        "data": {"order_id": "o1", "completed_at": "2026-11-01T08:00:00+08:00"},
    },
    "outcome": {"graph": "none", "ledger": "applied", "code": None, "detail": None},
    "accepted_at": "2026-11-01T00:00:01Z",
}


@routes.get(
    "/v1/events/{seq}",
    summary="One event and what every consumer made of it",
    responses=shows(_EXAMPLE),
    **roles("pipeline", "analyst", "auditor"),
)
async def event(request: Request, seq: Annotated[int, Path(ge=1, le=2**62)]) -> dict[str, Any]:
    brand = caller(request).brand
    async with platform(request).postgres.brand(brand) as conn:
        found = await log.read_some(conn, brand, [seq])
        if not found:
            raise not_found("event")
        outcomes = {row.consumer: row for row in await log.outcomes(conn, brand, seq)}
        reached = await log.watermarks(conn, brand)
    logged = found[0]
    deciding = platform(request).contracts.of(logged.type).decided_by
    found_of = {consumer.name: outcomes.get(consumer.name) for consumer in platform(request).consumers}
    telling = [outcome for outcome in reversed(found_of.values()) if outcome is not None]
    return {
        "seq": seq,
        "event": {
            "id": logged.event_id,
            "source": logged.source,
            "type": logged.type,
            "subject": logged.subject,
            "time": logged.time,
            "data": masked_data(logged.data),
        },
        "outcome": {
            **{
                name: outcome.status if outcome else _assumed(seq, reached.get(name, 0), decides=name in deciding)
                for name, outcome in found_of.items()
            },
            "code": next((outcome.code for outcome in telling if outcome.code), None),
            "detail": next((outcome.detail for outcome in telling if outcome.detail), None),
        },
        "accepted_at": iso(logged.accepted_at),
    }


def _assumed(seq: int, reached: int, *, decides: bool) -> str:
    """The outcome of an event of which a consumer has nothing special to say."""
    if reached < seq:
        return "pending"
    return "applied" if decides else "none"
