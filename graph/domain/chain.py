"""Who is paid for an order: positions above the buyer, and why somebody there earns nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graph.findings import ChainPerson


def frozen_chain(positions: Iterable[Mapping[str, Any]]) -> tuple[ChainPerson, ...]:
    """The chain as it is frozen on the order, from positions ``level, member_id, is_buyer, standing, grade``.

    A person who is the buyer, or no active distributor at the order's time, earns nothing; those above keep their
    level and rate.
    """
    return tuple(
        ChainPerson(position["level"], position["member_id"], why is None, why, position["grade"])
        for position in positions
        for why in [_why_not(position)]
    )


def _why_not(position: Mapping[str, Any]) -> str | None:
    if position["is_buyer"]:
        return "buyer"
    standing: str | None = position["standing"]
    return None if standing == "active" else standing or "no_distributor"
