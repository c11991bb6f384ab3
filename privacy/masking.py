"""What is shown of one identifier of each kind, to a person without a special permission.

Examples: docs/concepts/identifiers.md, Masks. Takes a text without blanks around it; one too short to be masked in
part is hidden but for its first sign.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_MOBILE: Final = re.compile(r"(\+86)?\s*(1[3-9][0-9])[0-9]{4}([0-9]{4})")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def plain(text: str) -> str:
    """Of a value with no form of its own: both ends."""
    if len(text) > 12:
        return f"{text[:4]}…{text[-4:]}"
    return f"{text[:1] if len(text) > 1 else ''}***"


def phone(text: str) -> str:
    """A mobile's network and last four digits."""
    mobile = _MOBILE.fullmatch(text)
    return f"{'+86 ' if mobile[1] else ''}{mobile[2]}****{mobile[3]}" if mobile else plain(text)


def id_card(text: str) -> str:
    """The region and the last four signs."""
    return f"{text[:6]}{'*' * (len(text) - 10)}{text[-4:]}" if len(text) >= 15 else plain(text)


def payout_account(text: str) -> str:
    """A log-in as a phone or an e-mail address, a bank card's first and last four digits."""
    if _MOBILE.fullmatch(text):
        return phone(text)
    if _EMAIL.fullmatch(text):
        name, _, host = text.rpartition("@")
        return f"{name[: min(3, len(name) - 1)]}***@{host}"
    if re.fullmatch(r"[0-9]{12,}", text):
        return f"{text[:4]} **** **** {text[-4:]}"
    return plain(text)


def ip(text: str) -> str:
    """The first half of an IPv4 address, the first quarter of an IPv6 network."""
    try:
        address = ipaddress.ip_address(text.removesuffix("/64"))
    except ValueError:
        return "***"
    kept = str(address).split(".")[:2] if address.version == 4 else address.exploded.split(":")[:2]
    return ".".join([*kept, "*", "*"]) if address.version == 4 else ":".join([*kept, "****"])
