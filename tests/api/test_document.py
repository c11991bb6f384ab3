"""The OpenAPI document: every call is described whole, names are good names, and what holds for all holds for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import make_app
from api.codes import meanings
from ops.wiring import CONTRACTS
from tests.document import unopened
from tests.platform import Shop

DOCUMENT = make_app(unopened, CONTRACTS).openapi()
OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method.upper()} {path}")
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def schema_of(answer: dict[str, Any]) -> dict[str, Any]:
    (content,) = answer["content"].values()
    name = content["schema"].get("$ref", "").removeprefix("#/components/schemas/")
    found: dict[str, Any] = SCHEMAS[name] if name else content["schema"]
    return found


def schemas() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, schema in SCHEMAS.items():
        for field, part in schema.get("properties", {}).items():
            yield name, field, part


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_answer_is_typed(path: str, method: str, operation: dict[str, Any]) -> None:
    assert set(operation["responses"]) & {"200", "201", "202"}
    for status, answer in operation["responses"].items():
        (content_type,) = answer["content"]
        schema = schema_of(answer)
        if status < "300" and content_type == "application/json":
            assert schema["properties"]
            items = schema["properties"].get("items", {}).get("items", {})
            shown = schema if "examples" in schema else SCHEMAS[items["$ref"].removeprefix("#/components/schemas/")]
            assert shown["examples"]
        elif status >= "400":
            assert content_type == "application/problem+json"
            assert set(schema["properties"]["code"].get("enum", ["not_ready"])) <= set(meanings())


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_call_says_what_holds_for_its_kind(path: str, method: str, operation: dict[str, Any]) -> None:
    writes = method in ("post", "put", "patch", "delete")
    named = {parameter["name"] for parameter in operation.get("parameters", ())}
    assert ("Idempotency-Key" in named) == writes
    assert operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
    statuses = set(operation["responses"])
    if operation["security"]:
        assert {"401", "403", "503"} <= statuses
        assert operation["responses"]["401"]["headers"]["WWW-Authenticate"]["required"]
    if "{" in path:
        assert "404" in statuses
    if writes:
        assert {"400", "409", "413", "422"} <= statuses
        done = next(answer for status, answer in operation["responses"].items() if status < "300")
        assert "Idempotent-Replay" in done["headers"]
    assert {security for way in operation["security"] for security in way} <= {"key", "memberToken", "scrapeToken"}
    assert ({"memberToken": []} in operation["security"]) == ("member" in operation["x-roles"])
    assert ({"scrapeToken": []} in operation["security"]) == (path == "/metrics")


def test_every_operation_makes_a_good_name_of_a_method() -> None:
    names = [operation["operationId"] for operations in DOCUMENT["paths"].values() for operation in operations.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


def test_numbers_say_how_large_and_in_which_unit() -> None:
    units = {"_fen": "In fen", "_bps": "In basis points", "_seconds": "In seconds"}
    seen = set()
    for name, field, part in schemas():
        for ending, unit in units.items():
            if field.endswith(ending):
                assert unit in part["description"], f"{name}.{field}"
                seen.add(ending)
                assert part["format"] == "int64", f"{name}.{field}"
    assert seen == set(units)


def test_instants_are_instants() -> None:
    instants = [(name, field, part) for name, field, part in schemas() if re.search(r"(^|_)at$|^since$|^now$", field)]
    assert len(instants) > 30
    for name, field, part in instants:
        assert part["format"] == "date-time", f"{name}.{field}"


def test_every_event_that_may_be_sent_has_its_schema() -> None:
    sent = {contract.type: contract for contract in CONTRACTS if contract.by != "platform"}
    mapping = SCHEMAS["Event"]["discriminator"]["mapping"]
    assert set(mapping) == set(sent)
    assert {one["$ref"] for one in SCHEMAS["Event"]["oneOf"]} == set(mapping.values())
    for event_type, ref in mapping.items():
        envelope = SCHEMAS[ref.removeprefix("#/components/schemas/")]
        assert envelope["properties"]["type"]["const"] == event_type
        assert set(envelope["required"]) == {"specversion", "id", "source", "type", "time", "data"}
        data = SCHEMAS[envelope["properties"]["data"]["$ref"].removeprefix("#/components/schemas/")]
        assert set(data["properties"]) == set(sent[event_type].sent.model_fields)
        assert data["additionalProperties"] is False
        assert data["description"]


def test_answers_stay_open_for_further_fields() -> None:
    answers = {
        content["schema"]["$ref"].removeprefix("#/components/schemas/")
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        for answer in operation["responses"].values()
        for content in answer["content"].values()
        if "$ref" in content["schema"]
    }
    assert answers
    assert not [name for name in answers if SCHEMAS[name].get("additionalProperties") is False]


# --- methods --------------------------------------------------------------------------------------------------------


PATHS = [pytest.param(path, set(operations), id=path) for path, operations in DOCUMENT["paths"].items()]


@pytest.mark.parametrize(("path", "methods"), PATHS)
async def test_another_method_is_told_what_there_is(shop: Shop, path: str, methods: set[str]) -> None:
    place = re.sub(r"\{[^}]+\}", "1", path)
    allow = {method.upper() for method in methods} | {"OPTIONS"} | ({"HEAD"} if "get" in methods else set())
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - allow:
        answer = await shop.call(method, place)
        assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
        assert answer.json()["code"] == "method_not_allowed"
        assert set(answer.headers["allow"].split(", ")) == allow
    asked = await shop.call("OPTIONS", place, None)
    assert (asked.status_code, set(asked.headers["allow"].split(", ")), asked.content) == (204, allow, b"")


async def test_what_can_be_read_can_be_asked_for_its_head(shop: Shop) -> None:
    for path, role in (("/healthz", None), ("/v1/ledger/trial-balance", "finance"), ("/v1/orders/none", "auditor")):
        whole, head = await shop.call("GET", path, role), await shop.call("HEAD", path, role)
        assert head.status_code == whole.status_code
        assert head.content == b""
        for name in ("content-type", "content-length"):
            assert head.headers[name] == whole.headers[name]
    assert (await shop.call("HEAD", "/v1/bindings")).status_code == 405
    assert (await shop.call("HEAD", "/v1/orders/none", None)).status_code == 401
    assert (await shop.call("OPTIONS", "/nowhere", None)).status_code == 404


async def test_who_has_no_key_is_told_how_to_authenticate(shop: Shop) -> None:
    for role in (None, "wrong", "a.b.c"):
        answer = await shop.call("GET", "/v1/brands", role)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="trefoil"')


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_reference_needs_nothing_from_elsewhere(shop: Shop, page: str) -> None:
    answer = await shop.call("GET", page, None)
    assert answer.status_code == 200
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)["']""", answer.text)
    assert loaded
    for path in loaded:
        assert path.startswith("/docs/static/"), path
        assert (await shop.call("GET", path, None)).status_code == 200
    assert "/openapi.json" in answer.text
