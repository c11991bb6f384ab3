"""From an identifier as it was sent to the token the graph and the wire know it by."""

from collections.abc import Mapping

from core.vault import BrandKeys
from graph.domain.facts import Token
from graph.domain.identifiers import normalise


def tokenise(keys: BrandKeys, kind: str, value: str | Mapping[str, str]) -> Token | None:
    """The token of an identifier under a brand's key; None when nothing of it is left to link on."""
    normal = normalise(kind, value)
    if normal is None:
        return None
    building = keys.token("building", normal.building) if normal.building else None
    return Token(keys.token(normal.domain, normal.value), normal.links, building, normal.place)
