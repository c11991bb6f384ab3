"""A personal value as the log keeps it: a token to find it by, and the value itself under its owner's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.canonical import canonical
from privacy.tokens import Token, tokenise
from privacy.vault import BrandKeys, seal, to_text


@dataclass(frozen=True, slots=True)
class Sealed:
    """The token is what the graph and the wire know, None where nothing is left to link on; ``links`` says whether it
    may ever tie two people; ``sealed`` is base64 and read only by a person with permission.
    """

    token: str | None
    sealed: str
    links: bool = True
    building: str | None = None
    place: str | None = None

    def as_token(self) -> Token | None:
        """What is linked on; None where nothing is."""
        return Token(self.token, self.links, self.building, self.place) if self.token is not None else None


def value_context(brand: str, member_id: str, kind: str) -> str:
    """What a sealed value is bound to, so that it cannot be moved to another member or field."""
    return f"{brand}|{member_id}|{kind}"


def seal_value(keys: BrandKeys, member_key: bytes, context: str, kind: str, value: Any) -> dict[str, Any]:
    """One personal value as it stands in the log, in the fields of :class:`Sealed`."""
    text = value if isinstance(value, str) else canonical(value).decode()
    sealed: dict[str, Any] = {"sealed": to_text(seal(member_key, text.encode(), context))}
    if kind == "external_id":
        return {"token": keys.token("account", text), **sealed}
    token = tokenise(keys, kind, value)
    if token is None:
        return {"token": None, **sealed}
    place = {"building": token.building, "place": token.place} if kind == "address" else {}
    return {"token": token.token, "links": token.links, **place, **sealed}


def masked_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a logged event with every sealed value masked."""

    def masked(value: Any) -> Any:
        if isinstance(value, dict):
            return "***" if "sealed" in value else {key: masked(item) for key, item in value.items()}
        return [masked(item) for item in value] if isinstance(value, list) else value

    return {key: masked(value) for key, value in data.items()}
