"""From an identifier as it was sent to the token the graph and the wire know it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from privacy.kinds import normalise
from privacy.vault import BrandKeys


@dataclass(frozen=True, slots=True)
class Token:
    """An identifier as the graph and the wire know it; ``links`` is False for what must never tie two people."""

    token: str
    links: bool = True
    building: str | None = None
    place: str | None = None


Tokens: TypeAlias = Mapping[str, tuple[Token, ...]]
"""Identifiers by kind of the contract (``device``, ``ip``, ``phone`` …)."""


def tokenise(keys: BrandKeys, kind: str, value: str | Mapping[str, str]) -> Token | None:
    """The token of an identifier under a brand's key; None when nothing of it is left to link on.

    What must never tie two people has tokens of its own: a privacy number's main part is not the person's number.
    """
    normal = normalise(kind, value)
    if normal is None:
        return None
    building = keys.token("building", normal.building) if normal.building else None
    domain = normal.domain if normal.links else f"{normal.domain}-apart"
    return Token(keys.token(domain, normal.value), normal.links, building, normal.place)
