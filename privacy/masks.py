"""What a person without a special permission is shown: of an identifier, and of an event that was refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from privacy.kinds import KINDS

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def mask(kind: str, value: str | Mapping[str, str]) -> str:
    """What a person without a special permission is shown of an identifier (docs/concepts/identifiers.md, Masks).

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


_SHOWN_WHOLE: Final = frozenset(
    {
        *("specversion", "id", "source", "type", "time", "subject", "brand", "datacontenttype", "dataschema"),
        *("member_id", "order_id", "refund_id", "line_id", "product_id", "click_id", "buyer_id", "promoter_id"),
        *("link_code", "invited_by", "category", "quantity", "paid_fen", "refund_fen", "freight_fen", "platform"),
        *("entry_channel", "channel", "region", "kind", "grade", "registered_at", "seen_at", "approved_at", "at"),
        *("clicked_at", "requested_at", "placed_at", "paid_at", "completed_at", "refunded_at", "cancelled_at"),
    }
)
_KINDS_SHOWN: Final = frozenset({*KINDS, "customer", "employee", "member"})
"""A kind that is none of these may be the value itself, put into the wrong field."""
_SHOWN_INSIDE: Final = frozenset({"data", "lines", "identifiers"})


def shown(event: Any) -> Any:
    """A refused event as people may see it: what the contract knows to be impersonal stays, the rest is masked."""
    return _walk(event)


def _impersonal(name: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    return name in _SHOWN_WHOLE and (name != "kind" or value in _KINDS_SHOWN)


def _walk(value: Any, name: str = "", depth: int = 0) -> Any:
    if depth > 6:
        return "***"
    if isinstance(value, dict):
        if name and name not in _SHOWN_INSIDE:
            return "***"
        return {_name(key): _walk(item, key, depth + 1) for key, item in list(value.items())[:100]}
    if isinstance(value, list):
        if name and name not in _SHOWN_INSIDE:
            return "***"
        return [_walk(item, name, depth + 1) for item in value[:20]]
    if _impersonal(name, value):
        return value[:200] if isinstance(value, str) else value
    return "***"


_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")


def _name(name: str) -> str:
    """A field nobody knows may be a personal one misspelt, value and all: a name that is none is masked too."""
    return name if _PLAIN_NAME.fullmatch(name) and not re.search(r"\d{5}", name) else "***"


SEALED_MARK: Final = "sealed:"
"""What a sealed value began with in dead letters of earlier versions."""


def opened_copy(event: Any, open_text: Callable[[str], str]) -> Any:
    """A dead letter of an earlier version with every value that was sealed in its place opened again."""
    if isinstance(event, dict):
        return {key: opened_copy(value, open_text) for key, value in event.items()}
    if isinstance(event, list):
        return [opened_copy(item, open_text) for item in event]
    if isinstance(event, str) and event.startswith(SEALED_MARK):
        return orjson.loads(open_text(event.removeprefix(SEALED_MARK)))
    return event


_PERSONAL_NAMES: Final = (*KINDS, "external_id")


def mentions_personal(raw: bytes) -> bool:
    """Whether bytes that are no event may hold a personal value all the same: a field's name, or a long number."""
    return any(name.encode() in raw for name in _PERSONAL_NAMES) or re.search(rb"\d{7}", raw) is not None
