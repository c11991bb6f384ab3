"""The OpenAPI document as a measure: whatever a test is answered must be what the document says of that call."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from copy import deepcopy
from functools import cache
from typing import Any, Final

import httpx
import jsonschema_rs

from api.platform import Platform

EventHooks = dict[str, list[Callable[..., Any]]]

_NAMES_IN_PATH: Final = re.compile(r"\{[^}]+\}")
_PAGES: Final = re.compile(r"/docs(/.*)?|/redoc|/openapi\.json")
"""The document itself, and the pages that show it."""


def unopened() -> AbstractAsyncContextManager[Platform]:
    """The platform of an app that is only asked for its document."""
    raise AssertionError("nobody is served by it")


class Document:
    """Compares answers with one document, in which the schemas of answers are closed: what is not declared is told."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = _closed(deepcopy(document["components"]))
        self._operations = [
            (re.compile(_NAMES_IN_PATH.sub("[^/]+", path)), method.upper(), operation)
            # a path written out comes before one with a name in the same place
            for path, operations in sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
            for method, operation in operations.items()
        ]
        self._validator = cache(self._compiled)

    async def check(self, response: httpx.Response) -> None:
        """For the event hooks of a client: raises AssertionError where an answer is not what the document says."""
        if not response.headers.get("content-type", "").startswith("text/event-stream"):  # which may never end
            await response.aread()
        wrong = self.wrong(response)
        asked = f"{response.request.method} {response.request.url.path} {response.status_code}"
        assert wrong is None, f"{asked}: {wrong}: {response.text[:2_000]}"

    def wrong(self, response: httpx.Response) -> str | None:
        """In what an answer differs from the document; None where it does not."""
        request = response.request
        path = request.url.path
        operation = self._operation("GET" if request.method == "HEAD" else request.method, path)
        if operation is None:
            on_its_own = 204 if request.method == "OPTIONS" else 405
            expected = on_its_own if any(pattern.fullmatch(path) for pattern, _, _ in self._operations) else 404
            known = response.status_code == expected or _PAGES.fullmatch(path)
            return None if known else "the document does not have this call"
        described = operation["responses"].get(str(response.status_code))
        if described is None:
            return "the document does not have this status"
        for name, header in described.get("headers", {}).items():
            if header.get("required") and name not in response.headers:
                return f"the header {name} is missing"
        content_type = response.headers.get("content-type", "").partition(";")[0]
        if content_type not in described["content"]:
            return f"the document does not have the content type {content_type!r}"
        if not content_type.endswith("json") or request.method == "HEAD":
            return None
        error = next(
            self._validator(described["content"][content_type]["schema"]["$ref"]).iter_errors(response.json()), None
        )
        return error and f"{error.message} at {'.'.join(map(str, error.instance_path))}"

    def fits(self, name: str, value: Any) -> bool:
        """Whether a value is one of a schema of the document."""
        found: bool = self._validator(f"#/components/schemas/{name}").is_valid(value)
        return found

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        return next(
            (
                operation
                for pattern, known, operation in self._operations
                if known == method and pattern.fullmatch(path)
            ),
            None,
        )

    def _compiled(self, ref: str) -> Any:
        return jsonschema_rs.Draft202012Validator({"$ref": ref, "components": self._components}, validate_formats=True)


def _closed(node: Any) -> Any:
    """The same schemas, refusing members they do not name."""
    if isinstance(node, list):
        return [_closed(part) for part in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        node.setdefault("additionalProperties", False)
    return {name: _closed(part) for name, part in node.items()}
