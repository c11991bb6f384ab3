"""What a person without a special permission is shown: of an identifier, and of an event that was refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from privacy import masking
from privacy.kinds import KINDS


def mask(kind: str, value: str | Mapping[str, str]) -> str:
    """What a person without a special permission is shown of an identifier (docs/concepts/identifiers.md, Masks).

    Takes any kind, external ids of platforms too; of an address its county is shown.
    """
    known = KINDS.get(kind)
    if isinstance(value, Mapping) or (known is not None and known.masked is None):
        parts = value if isinstance(value, Mapping) else {}
        return "".join(parts.get(key, "") for key in ("province", "city", "county")) + "****"
    masked = masking.plain if known is None or known.masked is None else known.masked
    return masked(value.strip())


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
        return {shown_name(key): _walk(item, key, depth + 1) for key, item in list(value.items())[:100]}
    if isinstance(value, list):
        if name and name not in _SHOWN_INSIDE:
            return "***"
        return [_walk(item, name, depth + 1) for item in value[:20]]
    if _impersonal(name, value) and not looks_personal(str(value)):
        return value[:200] if isinstance(value, str) else value
    return "***"


_PERSONAL_FORM: Final = re.compile(
    r"@|(?<![0-9])(?:86|0086)?1[3-9][0-9]{9}(?![0-9])"
    r"|(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![0-9])"
)


def looks_personal(text: str) -> bool:
    """Whether a text holds what has the form of a mobile number, an ID card or an e-mail address.

    Such a one is masked wherever it stands: in a refused event any value may stand in the wrong field.
    """
    return _PERSONAL_FORM.search(unicodedata.normalize("NFKC", text[:_LOOKED_AT_MAX])) is not None or (
        len(text) > _LOOKED_AT_MAX
    )


_LOOKED_AT_MAX: Final = 1_000  # no attribute and no id is longer; one that is tells nothing worth showing
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_PLACE_IN_LIST: Final = re.compile(r"[0-9]{1,4}")


def shown_name(name: str) -> str:
    """A field nobody knows may be a personal one misspelt, value and all: a name that is none is masked too."""
    return name if _PLAIN_NAME.fullmatch(name) and not re.search(r"\d{5}", name) else "***"


def shown_problem(problem: Mapping[str, Any]) -> dict[str, Any]:
    """A problem as it is kept: without the names of fields that may be values themselves."""
    errors: list[dict[str, str]] = problem.get("errors", [])
    shown_fields = {error["field"]: _shown_path(error["field"]) for error in errors}
    detail: str = problem["detail"]
    for told, kept in shown_fields.items():
        detail = detail.replace(told, kept)
    masked = [{**error, "field": shown_fields[error["field"]]} for error in errors]
    return {**problem, "detail": detail, **({"errors": masked} if errors else {})}


def _shown_path(path: str) -> str:
    return ".".join(step if _PLACE_IN_LIST.fullmatch(step) else shown_name(step) for step in path.split("."))


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
