"""Schemathesis over the OpenAPI: whatever is sent, right or wrong, the answer is what the document says of it."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.document import Document
from tests.platform import NewShop, Running

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# They wait for every brand of the run, or move the time of them all; what they refuse is tested by name.
_LEFT_OUT = {"/v1/ops/clock", "/v1/ops/run", "/v1/ops/drain"}
_BOUNDED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
async def test_every_operation_keeps_the_document(installation: Running, new_shop: NewShop, mode: Any) -> None:
    shop = await new_shop()
    await shop.tell(shop.events.registered("m0"), shop.events.approved("m0", invited_by=None))
    headers = {"Authorization": f"Bearer {shop.keys['admin']}"}
    document = Document((await shop.call("GET", "/openapi.json", None)).json())

    def holds(operation: Any, name: str) -> None:
        # events are judged one by one, and the answer to wrong ones is 200 with items that say so
        checks = _CHECKS if name == "POST /v1/events" else [*_CHECKS, negative_data_rejection]

        @_BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def law(case: Any) -> None:
            answer = case.call(base_url=installation.url, headers=headers, timeout=20)
            case.validate_response(answer, checks=checks)
            if name == "POST /v1/events" and answer.status_code == 200 and "ce-specversion" not in (case.headers or {}):
                sent = case.body if isinstance(case.body, list) else [case.body]
                for event, item in zip(sent, answer.json()["items"], strict=True):
                    assert item["status"] == "rejected" or document.fits("Event", event), event

        law()

    def every_operation() -> tuple[list[str], list[str]]:
        schema = schemathesis.openapi.from_url(f"{installation.url}/openapi.json")
        schema.config.generation.update(with_security_parameters=False)  # every call has a right key
        tried, broken = [], []
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            name = f"{operation.method.upper()} {operation.path}"
            can_be_wrong = operation.definition.raw.get("parameters") or "requestBody" in operation.definition.raw
            if (operation.method.upper() == "POST" and operation.path in _LEFT_OUT) or (
                mode is GenerationMode.NEGATIVE and not can_be_wrong
            ):
                continue
            tried.append(name)
            try:
                holds(operation, name)
            except (Exception, FailureGroup) as failure:
                broken.append(f"{tried[-1]}: {getattr(failure, 'exceptions', failure)}")
        return tried, broken

    tried, broken = await asyncio.to_thread(every_operation)
    assert not broken, "\n".join(broken)
    assert {"POST /v1/events", "POST /v1/risk/checks", "GET /v1/members/{member_id}"} <= set(tried)
    assert len(tried) >= 20
