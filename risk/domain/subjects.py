"""What counters, ties and the blacklist are about, as the wire names it: ``member:ID`` or ``Label:token``."""

from __future__ import annotations

from collections.abc import Mapping

from core.ids import new_id
from privacy.kinds import KINDS
from privacy.sealing import Sealed
from privacy.tokens import Token


def member_subject(member_id: str) -> str:
    """A member as a subject."""
    return f"member:{member_id}"


def subject(kind: str, token: str) -> str:
    """An identifier as a subject."""
    return f"{KINDS[kind].label}:{token}"


def listed_subject(kind: str, value: Sealed | str) -> str:
    """What an entry of the blacklist is about; of a value with nothing to link on, something nobody ever meets."""
    if isinstance(value, str):
        return member_subject(value)
    return subject(kind, value.token or new_id("none"))


def counted_subjects(buyer_id: str, tokens: Mapping[str, Token]) -> tuple[tuple[str, str], ...]:
    """The counters an order moves: name and subject. A shared locker or a rotating number is not counted."""
    named = [
        (kind, subject(kind, tokens[kind].token))
        for kind, known in KINDS.items()
        if known.counted and kind in tokens and tokens[kind].links
    ]
    return (*named, ("buyer", member_subject(buyer_id)))


def listable_subjects(tokens: Mapping[str, Token]) -> tuple[str, ...]:
    """The identifiers named in an order that may stand on the blacklist, be they ever so shared."""
    return tuple(subject(kind, token.token) for kind, token in tokens.items() if KINDS[kind].listable)


def tie_subjects(tokens: Mapping[str, Token]) -> tuple[str, ...]:
    """The identifiers named in an order that may tie its buyer to somebody."""
    return tuple(subject(kind, token.token) for kind, token in tokens.items() if KINDS[kind].ties and token.links)
