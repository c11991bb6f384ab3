"""The OpenAPI document: what the routes declare, and what holds for all of them.

A route says what it answers and how it refuses (:func:`gives`). Added here, once for all: who may call, idempotency,
the problems every route may give, the schemas of events, units by the end of a field's name. Bodies that a route reads
itself are named in its declaration and have their schemas from the models handed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from api.answers.problems import Problem
from api.auth import MEMBER, OPEN
from api.codes import CODES
from core import limits
from events.contract import Contract, Contracts
from events.envelope import Envelope

_REF: Final = "#/components/schemas/{model}"

_INTRODUCTION: Final = """\
Distribution and commission for the brands of one installation.

Every call but `/healthz` and `/readyz` carries `Authorization: Bearer` with a key of a brand, or with a member's token.
Money is a whole number of fen, rates are basis points, instants are RFC 3339 with offset. A list is
`{"items", "next_cursor"}`. What is refused is a problem (RFC 9457) with a stable `code`. Every write may carry an
`Idempotency-Key`: sent again with the same key and body, it gets the first answer. Fields may be added to answers at
any time; none is ever renamed.
"""

_TAGS: Final = {
    "health": "Is it alive, is it ready, what do its figures say?",
    "brands": "The brands of the installation and their keys.",
    "events": "What the shop tells, and what became of it.",
    "members": "Who is who, who stands above and below, who is bound to whom.",
    "risk": "Checks of orders, decisions, the blacklist.",
    "orders": "Orders as the books keep them.",
    "ledger": "Balances, statements, the trial balance, the proof of the chain.",
    "withdrawals": "Money that members ask for.",
    "consistency": "Do the stores hold what the log says?",
    "jobs": "Work that takes longer than a request: how far it is, and what came of it.",
    "ops": "The installation's clock, jobs and consumers.",
}

_WRITES: Final = frozenset({"post", "put", "patch", "delete"})
_FIELD_CODES: Final = tuple(CODES["What was sent, field by field"])


@dataclass(frozen=True, slots=True)
class _Rule:
    """Codes by status that all operations of a kind may give; their schemas are named with the prefix."""

    prefix: str
    codes: Mapping[int, Sequence[str]]


_ALWAYS: Final = _Rule("", {500: ("internal",)})
_BEHIND_A_KEY: Final = _Rule(
    "",
    {
        401: ("no_key", "wrong_key"),
        403: ("forbidden_role",),
        503: ("postgres_unavailable", "neo4j_unavailable", "redis_unavailable", "busy"),
    },
)
_OF_A_THING: Final = _Rule("", {404: ("not_found",)})
_WITH_PARAMETERS: Final = _Rule("", {422: _FIELD_CODES})
_OF_A_WRITE: Final = _Rule(
    "Write",
    {
        400: ("bad_json", "bad_encoding"),
        409: ("idempotency_conflict", "in_progress"),
        413: ("body_too_large",),
        415: ("unsupported_encoding", "unsupported_media_type"),
        422: ("bad_idempotency_key", *_FIELD_CODES),
    },
)
_OF_A_COMMAND: Final = _Rule("Command", {409: ("refused",), 500: ("failed",), 503: ("still_working",)})

_ANSWERS: Final = {
    400: ("Unreadable", "The body as a whole cannot be used; nothing of it was kept."),
    401: ("Unauthorized", "No key, or a wrong one."),
    403: ("Forbidden", "The role of the key may not do this."),
    404: ("NotFound", "There is no such thing, or it is another's."),
    409: ("Conflict", "It cannot be, for what is known already."),
    413: ("TooLarge", "The body is larger than one request may be."),
    415: ("Unsupported", "The body is packed, or is no JSON."),
    422: ("Invalid", "What was sent is wrong; `errors` says where."),
    500: ("Broken", "A defect; it was logged."),
    503: ("Unavailable", "A store is away, or the answer is not ready; try again with the same `Idempotency-Key`."),
}
"""By status of a problem: what its schemas are called, and what it means."""

_UNITS: Final = {
    "_fen": "In fen, a hundredth of the brand's currency.",
    "_bps": "In basis points, hundredths of a percent.",
    "_seconds": "In seconds.",
}

_KEY_HEADER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": f"Of the caller's choice, kept {limits.IDEMPOTENCY_KEEP_HOURS} hours for the person and the "
    "path. The same key and body get the first answer again; another body is 409 `idempotency_conflict`.",
    "schema": {"type": "string", "pattern": "^[ -~]{1,128}$", "examples": ["withdrawal-2026-11-08-ann"]},
}
_REPLAY_HEADER: Final = {
    "description": "`true` where this is the first answer to the same `Idempotency-Key`, given again.",
    "schema": {"type": "string", "enum": ["true"]},
}
_CHALLENGE_HEADER: Final = {
    "description": "How to authenticate.",
    "required": True,
    "schema": {"type": "string", "examples": ["Bearer"]},
}
_NEVER_REPEATED: Final = frozenset({"401", "403", "413", "500", "503"})
_SECURITY_SCHEMES: Final = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key of a brand; it stands for a person in a role."},
    "memberToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A member's short-lived token: it sees itself and its masked team.",
    },
    "scrapeToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of the installation's setting `metrics_token`, for its figures alone.",
    },
}


def gives(
    answer: type[BaseModel],
    problems: Mapping[int, Collection[str]] | None = None,
    *,
    waits: bool = False,
    telling: Mapping[int, type[BaseModel]] | None = None,
    headers: Mapping[int, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """What a route answers, and by status the codes of those problems that are its own.

    ``@routes.get(path, **gives(OrderRead), **roles("operator"))``. ``waits``: it answers when a command has had its
    outcome. ``telling``: by status, problems that say more than the others do, and other
    answers. ``headers``: by status.
    A route that hands over a ready response is not held up by its model; the tests hold that every answer fits.
    """
    responses: dict[int | str, dict[str, Any]] = {
        status: {"x-codes": list(codes)} for status, codes in (problems or {}).items()
    }
    if waits:
        responses.setdefault(503, {})["x-waits"] = True
    responses |= {status: {"model": model} for status, model in (telling or {}).items()}
    for status, named in (headers or {}).items():
        responses.setdefault(status, {})["headers"] = dict(named)
    return {"response_model": answer, "response_model_exclude_unset": True, "responses": responses}


def document(
    app: FastAPI, routes: Collection[APIRoute], contracts: Contracts, bodies: Collection[type[BaseModel]]
) -> dict[str, Any]:
    """The whole document; ``bodies`` are the models of those bodies that ``routes`` read themselves."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=_INTRODUCTION,
        routes=app.routes,
        servers=[{"url": "/", "description": "This installation"}],
        tags=[{"name": name, "description": what} for name, what in _TAGS.items()],
    )
    found["components"]["securitySchemes"] = _SECURITY_SCHEMES
    schemas = found["components"]["schemas"]
    schemas |= _schemas_of(*bodies, mode="validation") | _event_schemas(contracts)
    # the framework leaves every null out, also where an example shows one
    schemas |= _schemas_of(Problem, *_answers(routes), mode="serialization")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation, schemas)
    for schema in _every_schema(found):
        _clarify(schema)
    return found


def _answers(routes: Collection[APIRoute]) -> Iterator[type[BaseModel]]:
    for route in routes:
        if route.response_model is not None:
            yield route.response_model
        yield from (said["model"] for said in route.responses.values() if "model" in said)


def _schemas_of(*models: type[BaseModel], mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    _, definitions = models_json_schema([(model, mode) for model in dict.fromkeys(models)], ref_template=_REF)
    found: dict[str, Any] = definitions["$defs"]
    return found


# --- events ---------------------------------------------------------------------------------------------------------


def _event_schemas(contracts: Contracts) -> dict[str, Any]:
    """Every event that may be sent, ``Event`` for any of them, and the other forms in which one may come."""
    sent = [contract for contract in contracts if contract.by != "platform"]
    models = {contract.type: _event_model(contract) for contract in sent}
    mapping = {event_type: _REF.format(model=model.__name__) for event_type, model in models.items()}
    schemas = _schemas_of(*models.values(), mode="validation")
    attributes = dict(_schemas_of(Envelope, mode="validation")["Envelope"]["properties"])
    del attributes["data"]
    one_event = {"oneOf": [{"$ref": _REF.format(model=name)} for name in ("Event", "EncodedEvent")]}
    return schemas | {
        "Event": {
            "description": "An event: the CloudEvents 1.0 attributes around the data of its type.",
            "oneOf": [{"$ref": ref} for ref in mapping.values()],
            "discriminator": {"propertyName": "type", "mapping": mapping},
        },
        "EncodedEvent": {
            "type": "object",
            "description": "An event whose data come as the base64 of their JSON.",
            "properties": {
                **attributes,
                "type": {"type": "string", "enum": list(models)},
                "data_base64": {
                    "type": "string",
                    "contentEncoding": "base64",
                    "contentMediaType": "application/json",
                    "description": "The data of the type, as JSON in base64; never beside `data`.",
                },
            },
            "required": ["specversion", "id", "source", "type", "time", "data_base64"],
        },
        "EventBatch": {
            "type": "array",
            "description": "Events in the order in which they happened.",
            "items": one_event,
            "maxItems": limits.EVENTS_PER_BATCH_MAX,
        },
    }


def _event_model(contract: Contract) -> type[Envelope]:
    fields: dict[str, Any] = {"type": (Literal[contract.type], ...), "data": (contract.sent, ...)}
    doc = f"The event `{contract.type}`."
    return create_model(f"{contract.sent.__name__}Event", __base__=Envelope, __doc__=doc, **fields)


# --- operations -----------------------------------------------------------------------------------------------------


_EVENT_STREAM: Final = {"type": "string", "description": "Server-Sent Events; the data of each is JSON."}


def _complete(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Say of one operation what holds for all of its kind."""
    answers = operation["responses"]
    for_whom = "For anybody." if operation["x-roles"] == sorted(OPEN) else f"For {', '.join(operation['x-roles'])}."
    operation["description"] = "\n\n".join(filter(None, (operation.get("description"), for_whom)))
    own = {int(status): answer.pop("x-codes") for status, answer in answers.items() if "x-codes" in answer}
    waits = answers.get("503", {}).pop("x-waits", False)
    rules = _rules(method, operation, names=own.pop(404, None) is not None or "{" in path, waits=waits)
    if method in _WRITES:
        operation.setdefault("parameters", []).append(_KEY_HEADER)
    for status, answer in answers.items():
        if "text/event-stream" in answer.get("content", {}):  # what one event holds can be said from OpenAPI 3.2 on
            answer["content"]["text/event-stream"] = {"schema": _EVENT_STREAM}
        if int(status) in _ANSWERS and "content" in answer:
            answer["content"] = {"application/problem+json": answer["content"]["application/json"]}
    for status in {*own, *(status for rule in rules for status in rule.codes)}:
        applying = [rule for rule in rules if status in rule.codes]
        prefix = _words(operation["operationId"]) if status in own else applying[-1].prefix
        codes = [*(code for rule in applying for code in rule.codes[status]), *own.get(status, ())]
        name = f"{prefix}{_ANSWERS[status][0]}Problem"
        schemas[name] = _problem_schema(list(dict.fromkeys(codes)), schemas)
        answers[str(status)] = _problem_answer(status, name, answers.get(str(status), {}))
    if method in _WRITES:
        for status in set(answers) - _NEVER_REPEATED:
            answers[status].setdefault("headers", {})["Idempotent-Replay"] = _REPLAY_HEADER
    operation["responses"] = dict(sorted(answers.items()))


def _rules(method: str, operation: dict[str, Any], *, names: bool, waits: bool) -> list[_Rule]:
    """The rules of an operation: ``names`` a thing that may not be there, ``waits`` for a command's outcome."""
    rules = [_ALWAYS]
    if "security" not in operation:
        others = {"memberToken": MEMBER in operation["x-roles"], "scrapeToken": operation.get("x-scraped", False)}
        operation["security"] = [{"key": []}, *({scheme: []} for scheme, fits in others.items() if fits)]
        rules.append(_BEHIND_A_KEY)
    if names:
        rules.append(_OF_A_THING)
    if method in _WRITES:
        rules.append(_OF_A_WRITE)
    elif operation.get("parameters"):
        rules.append(_WITH_PARAMETERS)
    if waits:
        rules.append(_OF_A_COMMAND)
    return rules


def _words(operation_id: str) -> str:
    return "".join(word.title() for word in operation_id.split("_"))


def _problem_answer(status: int, name: str, said: dict[str, Any]) -> dict[str, Any]:
    """A problem as an answer; what the framework, or the route, said of the status gives way or stays beside it."""
    answer: dict[str, Any] = {
        **said,
        "description": _ANSWERS[status][1],
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model=name)}}},
    }
    if status == HTTPStatus.UNAUTHORIZED:
        answer["headers"] = {"WWW-Authenticate": _CHALLENGE_HEADER}
    return answer


def _problem_schema(codes: Collection[str], schemas: Mapping[str, Any]) -> dict[str, Any]:
    problem: dict[str, Any] = schemas["Problem"]
    code = {**problem["properties"]["code"], "enum": list(codes)}
    return {
        "type": "object",
        "description": "A problem with one of the codes given.",
        "properties": {**problem["properties"], "code": code},
        "required": problem["required"],
    }


# --- schemas --------------------------------------------------------------------------------------------------------


def _every_schema(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema of a document, those inside others too."""
    if isinstance(node, list):
        for part in node:
            yield from _every_schema(part)
    elif isinstance(node, dict):
        for name, part in node.items():
            if name in ("example", "examples"):
                continue
            if name in ("schema", "items", "additionalProperties") and isinstance(part, dict):
                yield part
            elif name in ("schemas", "properties"):
                yield from part.values()
            elif name in ("anyOf", "oneOf", "allOf"):
                yield from part
            yield from _every_schema(part)


def _clarify(schema: dict[str, Any]) -> None:
    """Leave out names that only repeat the field's, and say what may be null, how large a number is, in which unit."""
    if isinstance(schema.get("title"), str):
        del schema["title"]
    if "default" in schema and schema["default"] is None:
        del schema["default"]  # a field left out is not always the same as null
    choices = schema.get("anyOf", ())
    if len(choices) == 2 and choices[1] == {"type": "null"} and "type" in choices[0]:
        del schema["anyOf"]
        schema |= {**choices[0], "type": [choices[0]["type"], "null"]}
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    if schema.get("type") in ("integer", ["integer", "null"]):
        schema.setdefault("format", "int64")
    for name, part in schema.get("properties", {}).items():
        unit = next((said for ending, said in _UNITS.items() if name.endswith(ending)), None)
        if unit is not None and unit not in part.get("description", ""):
            part["description"] = f"{part['description']} {unit}" if "description" in part else unit
