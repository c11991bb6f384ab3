"""From an identifier as it was sent to the token the graph and the wire know it by."""

from collections.abc import Mapping

from core.vault import BrandKeys
from graph.domain.facts import Token
from graph.domain.identifiers import normalise


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
