"""Every answer that says no."""

from __future__ import annotations

from pydantic import Field

from api.answers.fields import Answer, shown


class FieldProblem(Answer):
    """What is wrong with one field."""

    model_config = shown(field="lines.0.paid_fen", code="out_of_range", message="Input should be at least 0")

    field: str
    """Its place in what was sent, steps joined by dots; ``body`` for all of it."""
    code: str
    """Stable; the page of outcomes says what it means."""
    message: str
    """For people; it may change, and never repeats what was sent."""


class Problem(Answer):
    """A refusal or a failure (RFC 9457)."""

    model_config = shown(
        type="urn:trefoil:problem:not_found",
        title="not found",
        status=404,
        code="not_found",
        detail="there is no such member",
    )

    type: str
    """``urn:trefoil:problem:`` and the code."""
    title: str
    """The code in words."""
    status: int
    """The HTTP status of the answer."""
    code: str
    """Stable; programs go by this one."""
    detail: str
    """For people; it may change."""
    errors: list[FieldProblem] = Field(default_factory=list)
    """Field by field, of bad input only; the first one's code is that of the problem."""
