"""Who is paid for an order: positions above the buyer, and why somebody there earns nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graph.findings import ChainPerson


@dataclass(frozen=True, slots=True)
class Position:
    """Who stands at a level above the buyer, and what they were at the order's time."""

    level: int
    member_id: str
    is_buyer: bool
    standing: str | None
    grade: str | None


def frozen_chain(positions: Iterable[Position]) -> tuple[ChainPerson, ...]:
    """The chain as it is frozen on the order.

    A person who is the buyer, or no active distributor at the order's time, earns nothing; those above keep their
    level and rate.
    """
    return tuple(
        ChainPerson(position.level, position.member_id, why is None, why, position.grade)
        for position in positions
        for why in [_why_not(position)]
    )


def _why_not(position: Position) -> str | None:
    if position.is_buyer:
        return "buyer"
    return None if position.standing == "active" else position.standing or "no_distributor"
