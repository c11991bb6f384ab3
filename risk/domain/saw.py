"""What a decision saw of an order, and what another telling of the same order names differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from privacy.kinds import KINDS
from privacy.tokens import Token

Saw: TypeAlias = Mapping[str, str | int]
"""``buyer``, ``promoter``, ``amount`` in fen, the token of each kind of identifier; what was not named is absent."""

FIELDS: Final = ("buyer", "promoter", "amount", *(kind.name for kind in KINDS.values() if kind.in_orders is not None))
"""What two tellings are compared by: neither freight, channel, region and times, nor how the amount is split."""


def saw(buyer_id: str, promoter_id: str | None, amount_fen: int, tokens: Mapping[str, Token]) -> Saw:
    """What an order names.

    ``promoter_id`` is the person its promoter or link stands for, None for nobody; ``amount_fen`` the sum of its lines.
    """
    named: dict[str, str | int] = {"buyer": buyer_id, "amount": amount_fen}
    if promoter_id is not None:
        named["promoter"] = promoter_id
    return {**named, **{kind: token.token for kind, token in tokens.items()}}


def differing(one: Saw, other: Saw) -> list[str]:
    """The fields in which two tellings differ; what one names and the other does not differs too."""
    return [field for field in FIELDS if one.get(field) != other.get(field)]
