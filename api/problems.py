"""Every error as problem+json (RFC 9457) with a stable code; no answer ever repeats what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from core.canonical import canonical
from core.errors import FieldError, Refusal, invalid
from core.stores.away import away_store
from core.telemetry import told
from events.fields import field_error

_CHALLENGE = 'Bearer realm="trefoil"'
"""What every 401 must say (RFC 9110): how to authenticate."""
_logger = structlog.get_logger()


_SAYS_HOW: Final[Mapping[str, Mapping[str, str]]] = {
    "unsupported_encoding": {"Accept-Encoding": "identity"},
    "unsupported_media_type": {"Accept": "application/json, application/*+json"},
}
"""Headers that tell what would be taken."""


def problem_response(refusal: Refusal, besides: Mapping[str, object] | None = None) -> Response:
    """A refusal as an HTTP answer; ``besides`` are further members of the problem."""
    headers = dict(_SAYS_HOW.get(refusal.code, {}))
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = _CHALLENGE
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    problem = canonical({**(besides or {}), **refusal.as_problem()})
    return Response(problem, refusal.status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Turn every kind of error of an app into a problem."""

    @app.exception_handler(Refusal)
    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def unusable(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(refusal_of(error))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        # the framework's only 400 is a body it cannot parse: one nested beyond every depth, for instance
        code = (
            "bad_json" if error.status_code == 400 else HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        )
        response = problem_response(Refusal(error.status_code, code, "see the reference of this API"))
        response.headers.update(error.headers or {})
        return response


def broken(request: Request, error: Exception) -> Response:
    """The answer to what nobody expected: a store that went away in the middle, or a defect."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # for nobody: the caller is gone
    if (store := away_store(error)) is not None:
        detail = f"{store} does not answer; try again"
        return problem_response(Refusal(503, f"{store}_unavailable", detail, retry_after_seconds=1))
    route = getattr(request.scope.get("route"), "path", None)  # none for a hot one: then the places tell
    _logger.error("request failed", method=request.method, route=route, **told(error))
    return problem_response(Refusal(500, "internal", "a defect of ours; it was logged"))


def refusal_of(error: RequestValidationError | ValidationError) -> Refusal:
    """What is wrong with a request, field by field."""
    errors = []
    for item in error.errors():
        if item["type"] == "json_invalid":
            return Refusal(400, "bad_json", "the body is not JSON", (FieldError("body", "bad_json", "not JSON"),))
        where = tuple(step for step in item["loc"] if step not in ("body", "query", "path", "header"))
        errors.append(field_error({**item, "loc": where}))
    return invalid(errors[:20])
