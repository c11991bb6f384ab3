"""Who is paid for an order: positions above the buyer, and why somebody there earns nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def frozen_chain(positions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The chain as it is frozen on the order: ``level, member_id, earns`` and ``why`` or ``grade``.

    A person who is the buyer, or no active distributor at the order's time, earns nothing; those above keep their
    level and rate.
    """
    return [_position(position) for position in positions]


def _position(position: Mapping[str, Any]) -> dict[str, Any]:
    person: dict[str, Any] = {"level": position["level"], "member_id": position["member_id"]}
    if position["is_buyer"]:
        why = "buyer"
    elif position["standing"] == "active":
        return {**person, "earns": True, "grade": position["grade"]}
    else:
        why = position["standing"] or "no_distributor"
    return {**person, "earns": False, "why": why, "grade": position["grade"]}
