"""What one room decides of an order and others depend on: handed from stage to stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from events.consumer import Result

DecisionOutcome = Literal["allow", "review", "block"]


@dataclass(frozen=True, slots=True)
class Decided:
    """The risk decision an order is booked under; reasons as they are stored with the decision."""

    decision_id: str
    outcome: DecisionOutcome
    reasons: list[dict[str, Any]]


DECIDED: Final[Result[Mapping[int, Decided]]] = Result("decisions of first orders, by number")
