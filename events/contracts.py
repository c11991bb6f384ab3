"""The events that may enter, as strict models, and the problems of those that may not.

Every model refuses unknown fields and coerces nothing: what a shop sent is either exactly right or named as wrong,
field by field, with a stable code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from core import limits
from core.errors import FieldError

ID_PATTERN: Final = r"^[^/\x00-\x1f\x7f-\x9f]{1,128}$"
BRAND_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,39}$"
_TEXT_PATTERN: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_YEAR_MIN, _YEAR_MAX = 2000, 2100  # earlier and later instants are mistakes, and overflow when zones change


def instant(value: object) -> datetime:
    """An RFC 3339 text with offset as a UTC instant; raises the error ``bad_time`` otherwise."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            at = datetime.fromisoformat(value.upper())
        except ValueError:
            pass
        else:
            if _YEAR_MIN <= at.year <= _YEAR_MAX:
                return at.astimezone(UTC)
    raise PydanticCustomError("bad_time", "write an RFC 3339 time with offset, such as 2026-11-01T08:00:00+08:00")


def told_at(text: str) -> datetime:
    """An instant as the log has it, UTC; judged when it came. In UTC, or half a year on, its year may be outside."""
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def matches(pattern: str, text: str) -> bool:
    """Whether a text has the form of a pattern of this page, end to end."""
    return re.fullmatch(pattern, text) is not None


Id: TypeAlias = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Text: TypeAlias = Annotated[
    str, StringConstraints(pattern=_TEXT_PATTERN, min_length=1, max_length=limits.TEXT_CHARS_MAX)
]
AnyText: TypeAlias = Annotated[str, StringConstraints(pattern=_TEXT_PATTERN, max_length=limits.TEXT_CHARS_MAX)]
Instant: TypeAlias = Annotated[
    datetime,
    BeforeValidator(instant, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
Fen: TypeAlias = Annotated[int, Field(ge=0, le=limits.LINE_FEN_MAX)]
Quantity: TypeAlias = Annotated[int, Field(ge=1, le=limits.QUANTITY_MAX)]


class Strict(BaseModel):
    """Refuses unknown fields and wrong types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def example(**fields: Any) -> ConfigDict:
    """The configuration of a model whose schema shows one right value."""
    return ConfigDict(json_schema_extra={"example": fields})


class AddressValue(Strict):
    """A postal address; the structured parts may be empty where the shop does not know them."""

    province: AnyText = ""
    city: AnyText = ""
    county: AnyText = ""
    detail: Text


class TextIdentifier(Strict):
    kind: Literal["device", "ip", "phone", "unionid", "payout_account", "id_card"]
    value: Text


class AddressIdentifier(Strict):
    kind: Literal["address"]
    value: AddressValue


Identifier: TypeAlias = Annotated[TextIdentifier | AddressIdentifier, Field(discriminator="kind")]


class MemberRegistered(Strict):
    member_id: Id
    platform: Text
    external_id: Text | None = None
    entry_channel: Text | None = None
    invited_by: Id | None = None
    link_code: Id | None = None
    registered_at: Instant
    kind: Literal["customer", "employee"] = "customer"


class MemberIdentified(Strict):
    member_id: Id
    seen_at: Instant
    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=limits.IDENTIFIERS_PER_EVENT_MAX)]


class DistributorApproved(Strict):
    """``invited_by`` left out means: under the current promoter; an explicit null means: as a root."""

    member_id: Id
    grade: Text | None = None
    invited_by: Id | None = None
    approved_at: Instant


class DistributorStanding(Strict):
    member_id: Id
    reason: Text
    at: Instant


class PromotionClicked(Strict):
    click_id: Id
    link_code: Id
    member_id: Id | None = None
    device_id: Text | None = None
    ip: Text | None = None
    channel: Text
    clicked_at: Instant


class BindingRequested(Strict):
    member_id: Id
    promoter_id: Id
    link_code: Id | None = None
    channel: Text
    requested_at: Instant


class OrderLine(Strict):
    line_id: Id
    product_id: Id
    category: AnyText
    quantity: Quantity
    paid_fen: Fen


class OrderPaid(Strict):
    order_id: Id
    buyer_id: Id
    promoter_id: Id | None = None
    link_code: Id | None = None
    channel: Text
    region: Text | None = None
    placed_at: Instant
    paid_at: Instant
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=limits.LINES_PER_ORDER_MAX)]
    freight_fen: Fen | None = None
    device_id: Text | None = None
    ip: Text | None = None
    phone: Text | None = None
    payout_account: Text | None = None
    address: AddressValue | None = None

    @model_validator(mode="after")
    def _lines_differ(self) -> OrderPaid:
        if len({line.line_id for line in self.lines}) != len(self.lines):
            raise PydanticCustomError("duplicate_line", "two lines have the same line_id")
        return self


class OrderCompleted(Strict):
    order_id: Id
    completed_at: Instant


class RefundLine(Strict):
    line_id: Id
    refund_fen: Fen
    quantity: Annotated[int, Field(ge=0, le=limits.QUANTITY_MAX)] | None = None


class OrderRefunded(Strict):
    refund_id: Id
    order_id: Id
    refunded_at: Instant
    lines: Annotated[list[RefundLine], Field(min_length=1, max_length=limits.LINES_PER_ORDER_MAX)]


class OrderCancelled(Strict):
    order_id: Id
    cancelled_at: Instant


class DistributorMoved(Strict):
    """A command of the platform's own: put a distributor and its team under another one."""

    member_id: Id
    invited_by: Id | None
    reason: Text
    at: Instant


class WithdrawalRequested(Strict):
    """A command of the platform's own: money asked for."""

    withdrawal_id: Id
    member_id: Id
    amount_fen: Annotated[int, Field(ge=1, le=limits.LINE_FEN_MAX)]
    channel: Literal["wechat", "alipay", "bank", "flex"]
    payout_account: Text | None = None
    at: Instant
    actor: Text


class WithdrawalRejected(Strict):
    """A command of the platform's own: a request refused, its money given back."""

    withdrawal_id: Id
    reason: Text
    at: Instant
    actor: Text


class BlacklistListed(Strict):
    """A command of the platform's own: an identifier or a member nobody may earn with."""

    entry_id: Id
    kind: Literal["member", "device", "ip", "phone", "unionid", "payout_account", "id_card"]
    value: Text
    reason: Text
    at: Instant
    actor: Text


class BlacklistLifted(Strict):
    """A command of the platform's own: an entry of the blacklist ended."""

    entry_id: Id
    reason: Text
    at: Instant
    actor: Text


PUBLIC_TYPES: Final[dict[str, type[Strict]]] = {
    "member.registered.v1": MemberRegistered,
    "member.identified.v1": MemberIdentified,
    "distributor.approved.v1": DistributorApproved,
    "distributor.suspended.v1": DistributorStanding,
    "distributor.restored.v1": DistributorStanding,
    "promotion.clicked.v1": PromotionClicked,
    "binding.requested.v1": BindingRequested,
    "order.paid.v1": OrderPaid,
    "order.completed.v1": OrderCompleted,
    "order.refunded.v1": OrderRefunded,
    "order.cancelled.v1": OrderCancelled,
}
"""What the world may send."""

COMMAND_TYPES: Final[dict[str, type[Strict]]] = {
    "binding.requested.v1": BindingRequested,
    "distributor.moved.v1": DistributorMoved,
    "withdrawal.requested.v1": WithdrawalRequested,
    "withdrawal.rejected.v1": WithdrawalRejected,
    "blacklist.listed.v1": BlacklistListed,
    "blacklist.lifted.v1": BlacklistLifted,
}
"""What the platform's own routes append, under a source of its own that nobody else may use."""

OWN_SOURCE_PREFIX: Final = "trefoil:"


class Envelope(BaseModel):
    """The CloudEvents 1.0 attributes around the data; unknown attributes are kept and ignored."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, StringConstraints(pattern=_TEXT_PATTERN, min_length=1, max_length=256)]
    type: Text
    time: Instant
    subject: Annotated[str, StringConstraints(pattern=_TEXT_PATTERN, max_length=256)] | None = None
    datacontenttype: AnyText | None = None
    dataschema: AnyText | None = None
    data: dict[str, Any]


# The names of every field a caller can be told about; pydantic's internal steps of a path are left out.
_UNION_STEPS: Final = {"TextIdentifier", "AddressIdentifier", "device", "ip", "phone", "unionid", "payout_account",
                       "id_card", "address"}  # fmt: skip

_CODES: Final = {
    "missing": "missing_field",
    "extra_forbidden": "unknown_field",
    "string_too_short": "out_of_range",
    "string_too_long": "out_of_range",
    "too_short": "out_of_range",
    "too_long": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "greater_than": "out_of_range",
    "less_than": "out_of_range",
    "literal_error": "unknown_value",
    "union_tag_invalid": "unknown_value",
    "union_tag_not_found": "missing_field",
    "bad_time": "bad_time",
    "duplicate_line": "duplicate_line",
}


_NAME_CHARS_SHOWN: Final = 40  # a field nobody knows may have any name, or be a personal value itself


def _code(error: Mapping[str, Any]) -> str:
    if error["type"] == "string_pattern_mismatch":
        return "bad_id" if error.get("ctx", {}).get("pattern") == ID_PATTERN else "bad_text"
    return _CODES.get(error["type"], "wrong_type")


def _path(error: Mapping[str, Any], prefix: str) -> str:
    steps: list[str] = [prefix] if prefix else []
    previous: str | int = ""
    for step in error["loc"]:
        # a discriminated union adds the tag as a step after the list index: identifiers.0.phone.value
        tag = isinstance(previous, int) and step in _UNION_STEPS
        previous = step
        if not tag:
            steps.append(str(step)[:_NAME_CHARS_SHOWN])
    return ".".join(steps) or "body"


def field_error(error: Mapping[str, Any], prefix: str = "") -> FieldError:
    """One error of pydantic in the platform's words, without repeating the value that was sent: it may be personal."""
    message = error["msg"]
    if error["type"] == "union_tag_invalid":  # pydantic's own words repeat the tag
        message = f"one of {error['ctx']['expected_tags']}"
    return FieldError(_path(error, prefix), _code(error), message)


def field_errors(error: ValidationError, prefix: str = "") -> list[FieldError]:
    """What is wrong, field by field; the first twenty."""
    listed = error.errors(include_url=False, include_context=True, include_input=False)
    return [field_error(item, prefix) for item in listed[:20]]
