"""Every kind of identifier on one page: how it is spelled, how much it ties, where it stands, who may see what of it.

All tables about kinds elsewhere derive from this one; a new kind is a new entry here and a new branch nowhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from core import limits
from privacy import masking, spelling
from privacy.addresses import fold_address


class Strength(IntEnum):
    """What it means that two persons have the same one; weak ties never make two people one, nor decide alone."""

    WEAK = 1
    STRONG = 2
    """Close to each other: a phone, an account money is paid to, an installed device."""
    IDENTITY = 3
    """The same person."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of identifier.

    ``name`` in the contract, and the ``kind`` of its nodes in the graph; ``domain`` of its tokens; ``label`` that its
    nodes bear beside ``Identifier``, which also names it on the wire and in findings; ``edge``: what an analyst calls
    the edge to it, which in the graph is ``OWNS`` from a member to a kind that ties, ``SEEN_AT`` to another, ``NAMES``
    from an order; ``spelled`` gives the one spelling and whether it may tie two people, ``masked`` what is shown of it
    (None of both: an address, which has parts); ``counted``: orders that name it are counted by the hour; ``listable``:
    it may stand on the blacklist; ``in_orders``: the field of an order that names one, if any; ``chars_max``: its
    longest text, as it came and in compatibility form.
    """

    name: str
    domain: str
    label: str
    edge: str
    strength: Strength
    spelled: Callable[[str], tuple[str, bool]] | None
    masked: Callable[[str], str] | None
    counted: bool
    listable: bool
    in_orders: str | None
    chars_max: int

    @property
    def ties(self) -> bool:
        """Whether having the same one ties two persons by itself."""
        return self.strength >= Strength.STRONG


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "device", "device", "Device", "USES", Strength.STRONG, spelling.device,
            masked=masking.plain, counted=True, listable=True, in_orders="device_id",
            chars_max=limits.DEVICE_CHARS_MAX,
        ),
        Kind(
            "ip", "ip", "Ip", "SEEN_FROM", Strength.WEAK, spelling.ip,
            masked=masking.ip, counted=True, listable=True, in_orders="ip",
            chars_max=limits.IP_CHARS_MAX,
        ),
        Kind(
            "phone", "phone", "Phone", "REACHED_AT", Strength.STRONG, spelling.phone,
            masked=masking.phone, counted=False, listable=True, in_orders="phone",
            chars_max=limits.PHONE_CHARS_MAX,
        ),
        Kind(
            "unionid", "unionid", "UnionId", "IDENTIFIED_BY", Strength.IDENTITY, spelling.as_it_is,
            masked=masking.plain, counted=False, listable=True, in_orders=None,
            chars_max=limits.UNIONID_CHARS_MAX,
        ),
        Kind(
            "payout_account", "card", "PayoutAccount", "PAID_TO", Strength.STRONG, spelling.payout_account,
            masked=masking.payout_account, counted=True, listable=True, in_orders="payout_account",
            chars_max=limits.PAYOUT_ACCOUNT_CHARS_MAX,
        ),
        Kind(
            "id_card", "idcard", "IdCard", "IDENTIFIED_BY", Strength.IDENTITY, spelling.id_card,
            masked=masking.id_card, counted=False, listable=True, in_orders=None,
            chars_max=limits.ID_CARD_CHARS_MAX,
        ),
        Kind(
            "address", "addr", "Address", "SHIPS_TO", Strength.WEAK, None,
            masked=None, counted=True, listable=False, in_orders="address",
            chars_max=limits.ADDRESS_CHARS_MAX,
        ),
    )
}  # fmt: skip
"""By name. Names, domains and labels stand in stored tokens and graphs: they are never changed."""

LABELS: Final[Mapping[str, Kind]] = {kind.label: kind for kind in KINDS.values()}
"""By label."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """An identifier in its one spelling; ``value`` is never empty.

    ``links`` is False for what is kept but must never tie two people: rotating or masked numbers, lockers,
    offices, placeholders. ``building`` (addresses with a number) is the key without the unit; ``place``
    (addresses) is ``locker``, ``institution`` or None.
    """

    kind: str
    domain: str
    value: str
    links: bool
    building: str | None
    place: str | None


def compatible(text: str, chars_max: int) -> str | None:
    """The compatibility form of a text (NFKC); None where the text or its form is longer than allowed."""
    if len(text) > chars_max:
        return None
    form = unicodedata.normalize("NFKC", text)
    return form if len(form) <= chars_max else None


def part_chars_max(kind: Kind, part: str) -> int:
    """The longest text of one part of an address: of its detail, or of the name of a region."""
    return kind.chars_max if part == "detail" else limits.REGION_CHARS_MAX


def too_long(kind: Kind, value: str | Mapping[str, str]) -> str | None:
    """What an identifier breaks the bound of its kind with, in words that do not repeat it; None where it keeps it."""
    parts = value.items() if isinstance(value, Mapping) else (("value", value),)
    for part, text in parts:
        chars_max = part_chars_max(kind, part) if isinstance(value, Mapping) else kind.chars_max
        if compatible(text, chars_max) is None:
            return f"the {part} has at most {chars_max} characters, also with each sign in its compatibility form"
    return None


def normalise(kind: str, value: str | Mapping[str, str]) -> Normalised | None:
    """The identifier in its one spelling, or None when nothing is left to link on: blanks, an empty address, a text
    longer than its kind allows.

    ``value`` is a text, for an address ``province, city, county, detail``; any text is accepted.
    KeyError for an unknown kind.
    """
    known = KINDS[kind]
    if known.spelled is None:
        return _address(known, value if isinstance(value, Mapping) else {"detail": value})
    if isinstance(value, Mapping) or (form := compatible(value, known.chars_max)) is None:
        return None
    text = "".join(sign for sign in form if sign.isprintable()).strip()
    if not any(sign.isalnum() for sign in text):
        return None
    spelled, links = known.spelled(text)
    links = links and "*" not in text and not spelling.PLACEHOLDER.fullmatch(spelled)
    return Normalised(kind, known.domain, spelled, links, building=None, place=None)


def _address(kind: Kind, parts: Mapping[str, str]) -> Normalised | None:
    """An address without any number (a village, a whole street) names no front door and so ties nobody."""
    if too_long(kind, parts):
        return None
    folded = fold_address(parts)
    if not any(sign.isalnum() for sign in folded.region + folded.detail):
        return None
    numbered = any(sign.isdigit() for sign in folded.detail)
    return Normalised(
        kind=kind.name,
        domain=kind.domain,
        value=f"{folded.region}|{folded.detail}",
        links=numbered and folded.place is None,
        building=f"{folded.region}|{folded.building}" if numbered else None,
        place=folded.place,
    )
