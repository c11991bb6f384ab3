"""One spelling for each kind of identifier: the pure step before it becomes a token.

A text comes in as compatibility form without blanks around it, no longer than its kind allows. The rules, with examples
that are tested, stand in docs/concepts/identifiers.md. Every text is accepted: one that breaks its kind's form is kept
as it is, stripped, and ties only where it is exactly equal.
"""

import ipaddress
import re
import unicodedata
from typing import Final

import phonenumbers

_MOBILE: Final = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_BEFORE_EXTENSION: Final = re.compile(r"[^转,;#_0-9]*+[0-9]")
_EXTENSION: Final = re.compile(r"转|分机|EXT|[,;#_]")
_DASHED_EXTENSION: Final = re.compile(r"((?:\+?86|0086)?-?1[3-9][0-9]{9})-[0-9]{1,6}")
_UUID: Final = re.compile(r"[0-9a-f]{32}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
PLACEHOLDER: Final = re.compile(r"[0.:\W_]*|null|none|nil|nan|undefined|unknown|n/?a|无|未知|没有|暂无", re.IGNORECASE)


def phone(text: str) -> tuple[str, bool]:
    """E.164 where it is a possible number; with an extension it is a privacy number, and those rotate."""
    compact = re.sub(r"\s", "", text).upper()
    if "*" in compact:
        return compact, False
    main = _without_extension(compact)
    whole = main == compact
    mobile = _MOBILE.fullmatch(re.sub(r"[-.()]", "", main))
    if mobile:
        return f"+86{mobile[1]}", whole
    try:
        number = phonenumbers.parse(main, "CN")
    except phonenumbers.NumberParseException:
        return main, whole
    if not phonenumbers.is_possible_number(number):
        return main, whole
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), whole and not number.extension


def _without_extension(compact: str) -> str:
    """What stands before the first word or sign of an extension; that one follows a number."""
    if dashed := _DASHED_EXTENSION.fullmatch(compact):
        return dashed[1]
    number = _BEFORE_EXTENSION.match(compact)
    extension = _EXTENSION.search(compact, number.end()) if number else None
    return compact[: extension.start()] if extension else compact


def ip(text: str) -> tuple[str, bool]:
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


def device(text: str) -> tuple[str, bool]:
    """Spellings that differ only in case, dashes or colons are one device; a UUID is written with its dashes."""
    bare = re.sub(r"[-:]", "", text.lower())
    if _UUID.fullmatch(bare):
        return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}", True
    return bare or text, True


def payout_account(text: str) -> tuple[str, bool]:
    """Cards without blanks and dashes, e-mails in lower case, phone log-ins as E.164, openids as they are."""
    digits = re.sub(r"[\s-]", "", text)
    mobile = _MOBILE.fullmatch(digits)
    if mobile:
        return f"+86{mobile[1]}", True
    if re.fullmatch(r"[0-9]+", digits):
        return digits, True
    return (text.casefold() if _EMAIL.fullmatch(text) else text), True


def id_card(text: str) -> tuple[str, bool]:
    """Without blanks, its letter in upper case."""
    return unicodedata.normalize("NFKC", re.sub(r"\s", "", text).upper()), True


def as_it_is(text: str) -> tuple[str, bool]:
    """An opaque id: every sign and its case matter."""
    return text, True
