"""Spaces: where a brand's graph lies. One is live; another may be in the making beside it, under keys of its own."""

from __future__ import annotations

from dataclasses import dataclass

from core.stores.queries import cypher


@dataclass(frozen=True, slots=True)
class Space:
    space: str


LIVE = cypher("projector/live_space", Space)
GO_LIVE = cypher("projector/go_live")
SPACES = cypher("projector/spaces", Space)
END = cypher("projector/end_space")

_MARK = "~"
"""No brand's name holds it, so no space of one brand is ever the beginning of another's."""


def brand_of(space: str) -> str:
    """The brand a space belongs to."""
    return space.partition(_MARK)[0]


def later_spaces(brand: str) -> str:
    """What the names of a brand's spaces but the first begin with."""
    return f"{brand}{_MARK}"


def new_space(brand: str, known: list[str]) -> str:
    """A space of this brand that none of the known ones is."""
    numbers = [int(space.rpartition(_MARK)[2]) for space in known if _MARK in space]
    return f"{later_spaces(brand)}{max(numbers, default=0) + 1}"
