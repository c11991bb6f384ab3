"""What a member was seen with, in one spelling: the pure step before an identifier becomes a token.

Kinds are those of ``member.identified``. Rules come from the domain sheet: phones (§6.3), devices and
networks (§6.4), ID cards (§4.1), bank cards (§4.2), addresses (§6.2), display masks (§4.4). Every text is
accepted: one that breaks its kind's form is kept as it is, stripped, and ties only where it is exactly equal.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import phonenumbers

from privacy.addresses import fold_address

DOMAINS: Final = {
    "device": "device",
    "ip": "ip",
    "phone": "phone",
    "unionid": "unionid",
    "payout_account": "card",
    "id_card": "idcard",
    "address": "addr",
}
"""The token domain of each identifier kind of the contract."""

_MOBILE: Final = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_EXTENSION: Final = re.compile(r"([^转,;#_]*?[0-9][^转,;#_]*?)(?:转|分机|EXT|[,;#_]).*", re.DOTALL)
_DASHED_EXTENSION: Final = re.compile(r"((?:\+?86|0086)?-?1[3-9][0-9]{9})-[0-9]{1,6}")
_UUID: Final = re.compile(r"[0-9A-F]{8}(?:-?[0-9A-F]{4}){3}-?[0-9A-F]{12}", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
# What clients send when they know nothing. Strangers share it, so it ties nobody.
_PLACEHOLDER: Final = re.compile(r"[0.:\W_]*|null|none|nil|nan|undefined|unknown|n/?a|无|未知|没有|暂无", re.IGNORECASE)


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


def normalise(kind: str, value: str | Mapping[str, str]) -> Normalised | None:
    """The identifier in its one spelling, or None when nothing is left to link on (blanks, an empty address).

    ``value`` is a text, for an address ``province, city, county, detail``; any text is accepted.
    KeyError for an unknown kind.
    """
    domain = DOMAINS[kind]
    if kind == "address":
        return _address(value if isinstance(value, Mapping) else {"detail": value})
    if isinstance(value, Mapping):
        return None
    text = "".join(sign for sign in unicodedata.normalize("NFKC", value) if sign.isprintable()).strip()
    if not any(sign.isalnum() for sign in text):
        return None
    spelled, links = _SPELLINGS[kind](text)
    links = links and "*" not in text and not _PLACEHOLDER.fullmatch(spelled)
    return Normalised(kind, domain, spelled, links, building=None, place=None)


def _phone(text: str) -> tuple[str, bool]:
    """E.164 where it is a possible number; with an extension it is a privacy number, and those rotate."""
    compact = re.sub(r"\s", "", text).upper()
    if "*" in compact:
        return compact, False
    match = _DASHED_EXTENSION.fullmatch(compact) or _EXTENSION.fullmatch(compact)
    main = match[1] if match else compact
    mobile = _MOBILE.fullmatch(re.sub(r"[-.()]", "", main))
    if mobile:
        return f"+86{mobile[1]}", match is None
    try:
        number = phonenumbers.parse(main, "CN")
    except phonenumbers.NumberParseException:
        return main or compact, match is None
    if not phonenumbers.is_possible_number(number):
        return main, match is None
    return phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.E164
    ), match is None and not number.extension


def _ip(text: str) -> tuple[str, bool]:
    """IPv4 as it is, IPv6 as its /64 (one household), IPv4 inside IPv6 as IPv4; a port is dropped."""
    bare = re.sub(r"^\[(.*)\](?::[0-9]+)?$|^([0-9.]+):[0-9]+$", r"\1\2", text).removesuffix("/64")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return text, True
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    links = not (address.is_loopback or address.is_unspecified)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64))), links
    return str(address), links


def _device(text: str) -> tuple[str, bool]:
    return (text.lower() if _UUID.fullmatch(text) else text), True


def _payout_account(text: str) -> tuple[str, bool]:
    """Cards without blanks and dashes, e-mails in lower case, phone log-ins as E.164, openids as they are."""
    digits = re.sub(r"[\s-]", "", text)
    mobile = _MOBILE.fullmatch(digits)
    if mobile:
        return f"+86{mobile[1]}", True
    if re.fullmatch(r"[0-9]+", digits):
        return digits, True
    return (text.casefold() if _EMAIL.fullmatch(text) else text), True


def _id_card(text: str) -> tuple[str, bool]:
    return unicodedata.normalize("NFKC", re.sub(r"\s", "", text).upper()), True


def _as_it_is(text: str) -> tuple[str, bool]:
    return text, True


_SPELLINGS: Final[dict[str, Callable[[str], tuple[str, bool]]]] = {
    "device": _device,
    "ip": _ip,
    "phone": _phone,
    "unionid": _as_it_is,
    "payout_account": _payout_account,
    "id_card": _id_card,
}


def _address(parts: Mapping[str, str]) -> Normalised | None:
    """An address without any number (a village, a whole street) names no front door and so ties nobody."""
    folded = fold_address(parts)
    if not any(sign.isalnum() for sign in folded.region + folded.detail):
        return None
    numbered = any(sign.isdigit() for sign in folded.detail)
    return Normalised(
        kind="address",
        domain=DOMAINS["address"],
        value=f"{folded.region}|{folded.detail}",
        links=numbered and folded.place is None,
        building=f"{folded.region}|{folded.building}" if numbered else None,
        place=folded.place,
    )


def mask(kind: str, value: str | Mapping[str, str]) -> str:
    """What a person without a special permission is shown of an identifier (domain sheet §4.4).

    Takes any kind, external ids of platforms too; a value too short to be masked in part is hidden but for
    its first sign.
    """
    if kind == "address" or isinstance(value, Mapping):
        parts = value if isinstance(value, Mapping) else {}
        return "".join(parts.get(key, "") for key in ("province", "city", "county")) + "****"
    text = value.strip()
    mobile = re.fullmatch(r"(\+86)?\s*(1[3-9][0-9])[0-9]{4}([0-9]{4})", text)
    if mobile and kind in ("phone", "payout_account"):
        return f"{'+86 ' if mobile[1] else ''}{mobile[2]}****{mobile[3]}"
    if kind == "id_card" and len(text) >= 15:
        return f"{text[:6]}{'*' * (len(text) - 10)}{text[-4:]}"
    if kind == "ip":
        return _masked_ip(text)
    if kind == "payout_account" and _EMAIL.fullmatch(text):
        name, _, host = text.rpartition("@")
        return f"{name[: min(3, len(name) - 1)]}***@{host}"
    if kind == "payout_account" and re.fullmatch(r"[0-9]{12,}", text):
        return f"{text[:4]} **** **** {text[-4:]}"
    if len(text) > 12:
        return f"{text[:4]}…{text[-4:]}"
    return f"{text[:1] if len(text) > 1 else ''}***"


def _masked_ip(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.removesuffix("/64"))
    except ValueError:
        return "***"
    kept = str(address).split(".")[:2] if address.version == 4 else address.exploded.split(":")[:2]
    return ".".join([*kept, "*", "*"]) if address.version == 4 else ":".join([*kept, "****"])
