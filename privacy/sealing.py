"""Personal values of an event on their way into the log: a token to find them by, and the sealed value itself.

In the log such a value is ``{"token", "links", "sealed"}`` and, for addresses, ``building`` and ``place``. The token is
what the graph and the wire know; ``links`` says whether it may ever tie two people; nobody reads the sealed part but a
person with permission.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from core.canonical import canonical
from privacy.keyring import NOBODY, value_context
from privacy.tokens import tokenise
from privacy.vault import BrandKeys, seal, to_text

PLAIN_PERSONAL_FIELDS: Final[dict[str, dict[str, str]]] = {
    "member.registered.v1": {"external_id": "external_id"},
    "promotion.clicked.v1": {"device_id": "device", "ip": "ip"},
    "order.paid.v1": {
        "device_id": "device",
        "ip": "ip",
        "phone": "phone",
        "payout_account": "payout_account",
        "address": "address",
    },
    "withdrawal.requested.v1": {"payout_account": "payout_account"},
}
"""Field → kind of identifier, per event type; ``identifiers`` and blacklist values are handled by their own kind."""

_OWNER_FIELD: Final = {"order.paid.v1": "buyer_id"}


def owner_of(event_type: str, data: Mapping[str, Any]) -> str:
    """Whose key seals the personal values of an event; NOBODY for those of no member."""
    owner = data.get(_OWNER_FIELD.get(event_type, "member_id"))
    return owner if isinstance(owner, str) else NOBODY


def has_personal(event_type: str, data: Mapping[str, Any]) -> bool:
    """Whether an event carries any personal value, so that its owner needs a key."""
    if event_type in ("member.identified.v1", "blacklist.listed.v1"):
        return True
    return any(data.get(field) is not None for field in PLAIN_PERSONAL_FIELDS.get(event_type, ()))


def seal_value(keys: BrandKeys, member_key: bytes, context: str, kind: str, value: Any) -> dict[str, Any]:
    """One personal value as it stands in the log."""
    text = value if isinstance(value, str) else canonical(value).decode()
    sealed: dict[str, Any] = {"sealed": to_text(seal(member_key, text.encode(), context))}
    if kind == "external_id":
        return {"token": keys.token("account", text), **sealed}
    token = tokenise(keys, kind, value)
    if token is None:
        return {"token": None, **sealed}
    place = {"building": token.building, "place": token.place} if kind == "address" else {}
    return {"token": token.token, "links": token.links, **place, **sealed}


def seal_event(event_type: str, data: dict[str, Any], brand: str, keys: BrandKeys, member_key: bytes) -> dict[str, Any]:
    """The data of an event with every personal value sealed; the argument is left as it is."""
    owner = owner_of(event_type, data)

    def sealed(kind: str, value: Any) -> dict[str, Any]:
        return seal_value(keys, member_key, value_context(brand, owner, kind), kind, value)

    if event_type == "member.identified.v1":
        return {
            **data,
            "identifiers": [
                {"kind": item["kind"], "value": sealed(item["kind"], item["value"])} for item in data["identifiers"]
            ],
        }
    if event_type == "blacklist.listed.v1":
        if data["kind"] == "member":
            return data
        return {**data, "value": sealed(data["kind"], data["value"])}
    fields = PLAIN_PERSONAL_FIELDS.get(event_type, {})
    return {
        name: sealed(fields[name], value) if name in fields and value is not None else value
        for name, value in data.items()
    }


_SHOWN_WHOLE: Final = frozenset(
    {
        *("specversion", "id", "source", "type", "time", "subject", "brand", "datacontenttype", "dataschema"),
        *("member_id", "order_id", "refund_id", "line_id", "product_id", "click_id", "buyer_id", "promoter_id"),
        *("link_code", "invited_by", "category", "quantity", "paid_fen", "refund_fen", "freight_fen", "platform"),
        *("entry_channel", "channel", "region", "kind", "grade", "registered_at", "seen_at", "approved_at", "at"),
        *("clicked_at", "requested_at", "placed_at", "paid_at", "completed_at", "refunded_at", "cancelled_at"),
    }
)
_KINDS_SHOWN: Final = frozenset(
    {"device", "ip", "phone", "unionid", "payout_account", "id_card", "address", "customer", "employee", "member"}
)
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


_PERSONAL_NAMES: Final = ("phone", "id_card", "unionid", "address", "payout_account", "device", "ip", "external_id")


def mentions_personal(raw: bytes) -> bool:
    """Whether bytes that are no event may hold a personal value all the same: a field's name, or a long number."""
    return any(name.encode() in raw for name in _PERSONAL_NAMES) or re.search(rb"\d{7}", raw) is not None


def masked_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a logged event with every sealed value masked."""

    def masked(value: Any) -> Any:
        if isinstance(value, dict):
            return "***" if "sealed" in value else {key: masked(item) for key, item in value.items()}
        return [masked(item) for item in value] if isinstance(value, list) else value

    return {key: masked(value) for key, value in data.items()}
