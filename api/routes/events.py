"""Events in, one or a thousand, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote

from fastapi import Path, Query, Request, Response

from api.answers.events import EventRead, RefusedEvents, Taken, TakenAll
from api.auth import caller
from api.document import gives
from api.paging import Cursor, Limit, page, read_cursor
from api.platform import platform
from api.scoped import roles, router
from api.times import PathId
from core import limits
from core.canonical import canonical
from core.clock import iso
from core.errors import Refusal, not_found
from events import log
from intake.bodies import event_of_data, events_of
from privacy.sealing import masked_data

routes = router("events")

_FAR_FUTURE: Final = datetime(9999, 1, 1, tzinfo=UTC)

_EXAMPLE: Final = {
    "specversion": "1.0",
    "id": "evt-1",
    "source": "shop",
    "type": "order.completed.v1",
    "time": "2026-11-01T08:00:00+08:00",
    "data": {"order_id": "o1", "completed_at": "2026-11-01T08:00:00+08:00"},
}
_EVENT, _ENCODED, _BATCH = (
    {"$ref": f"#/components/schemas/{name}"} for name in ("Event", "EncodedEvent", "EventBatch")
)
_ATTRIBUTES: Final = {
    "ce-specversion": "With this header the body is the data alone, and the attributes come in `ce-` headers (binary "
    "mode); any other attribute may come so too.",
    "ce-id": "In binary mode: the attribute `id`.",
    "ce-source": "In binary mode: the attribute `source`.",
    "ce-type": "In binary mode: the attribute `type`.",
    "ce-time": "In binary mode: the attribute `time`.",
    "ce-subject": "In binary mode: the attribute `subject`.",
}
_STRICT: Final = "status=strict"
_PREFERENCE: Final = {
    "description": f"`{_STRICT}`: of one event alone; what was rejected is answered as a problem with a status of its "
    "own, 409 for a conflict and 422 for everything else. Without it the status is 200 and the item says so.",
}
_APPLIED: Final = {
    "Preference-Applied": {
        "description": f"`{_STRICT}` where it was asked for and one event was sent.",
        "schema": {"type": "string", "enum": [_STRICT]},
    }
}

_TAKES: Final = gives(
    TakenAll,
    {
        400: ["batch_too_large"],
        409: ["event_conflict"],
        422: ["unknown_type", "reserved_source", "brand_differs", "bad_json"],
    },
    headers=dict.fromkeys((200, 409, 422), _APPLIED),
)
_POST: Final = roles("pipeline")
_POST["openapi_extra"] |= {
    "parameters": [
        {"name": "Prefer", "in": "header", "required": False, "schema": {"type": "string"}, **_PREFERENCE},
        *(
            {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": said}
            for name, said in _ATTRIBUTES.items()
        ),
    ],
    "requestBody": {
        "required": True,
        "description": "CloudEvents 1.0: structured, a batch, or binary; or the same as plain JSON.",
        "content": {
            "application/json": {
                "schema": {"oneOf": [_EVENT, _ENCODED, _BATCH]},
                "example": _EXAMPLE,
            },
            "application/cloudevents+json": {"schema": {"oneOf": [_EVENT, _ENCODED]}, "example": _EXAMPLE},
            "application/cloudevents-batch+json": {"schema": _BATCH, "example": [_EXAMPLE]},
        },
    },
}


@routes.post("/v1/events", summary="Take events: one, or an array of at most 1,000", **_TAKES, **_POST)
async def take_events(request: Request) -> Response:
    events = await _events(request, await request.body())
    taken = await platform(request).intake.take(caller(request).brand, events, "http")
    applied = {"Preference-Applied": _STRICT} if len(events) == 1 and _asks_for_strict(request) else {}
    if applied and (problem := taken[0].problem) is not None:
        return Response(canonical(problem), problem["status"], applied, media_type="application/problem+json")
    items = [{"id": t.id, "status": t.status, "seq": t.seq, "problem": t.problem} for t in taken]
    return Response(canonical({"items": items}), headers=applied, media_type="application/json")


def _asks_for_strict(request: Request) -> bool:
    """Whether one of the preferences (RFC 7240) is ours; parameters of a preference and others are ignored."""
    asked = ",".join(request.headers.getlist("prefer")).split(",")
    return any(one.partition(";")[0].replace(" ", "").replace('"', "").lower() == _STRICT for one in asked)


async def _events(request: Request, body: bytes) -> list[Any]:
    """The events of a body in any of the CloudEvents modes; raises Refusal 400 when it is none."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if "ce-specversion" not in request.headers or content_type.startswith("application/cloudevents"):
        return await events_of(body)
    headers = [(name[3:], unquote(text)) for name, text in request.headers.items() if name.startswith("ce-")]
    attributes = dict(headers)
    if len(attributes) < len(headers):
        raise Refusal(400, "bad_json", "an attribute came in two headers")
    return [event_of_data(attributes, body)]


@routes.get(
    "/v1/events",
    summary="Events that were refused",
    **gives(RefusedEvents),
    **roles("pipeline", "analyst", "auditor"),
)
async def list_refused_events(
    request: Request,
    status: Annotated[Literal["rejected"], Query()],  # noqa: ARG001 - the only list there is so far
    limit: Limit = limits.PAGE_ITEMS_DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    before = await read_cursor(request, cursor, datetime, str)
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
    return await page(request, items, limit, lambda item: (item["received_at"], item["rejection_id"]))


@routes.post(
    "/v1/events/rejections/{rejection_id}/resend",
    summary="Take a refused event again",
    **gives(Taken),
    **roles("pipeline"),
)
async def resend_refused_event(request: Request, rejection_id: PathId) -> dict[str, Any]:
    taken = await platform(request).intake.resend(caller(request).brand, rejection_id)
    if taken is None:
        raise not_found("refused event")
    return {"id": taken.id, "status": taken.status, "seq": taken.seq, "problem": taken.problem}


@routes.get(
    "/v1/events/{seq}",
    summary="One event and what every consumer made of it",
    **gives(EventRead),
    **roles("pipeline", "analyst", "auditor"),
)
async def read_event(request: Request, seq: Annotated[int, Path(ge=1, le=2**62)]) -> dict[str, Any]:
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
