"""The fields of which events are made: ids, texts, instants, money, and the strict model they stand in.

Every model refuses unknown fields and coerces nothing: what a shop sent is either exactly right or named as wrong,
field by field, with a stable code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from core import limits
from core.errors import FieldError
from privacy.kinds import KINDS, too_long
from privacy.masks import shown_name

ID_PATTERN: Final = r"^[^/\x00-\x1f\x7f-\x9f]{1,128}$"
BRAND_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,39}$"
TEXT_PATTERN: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
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


def matches(pattern: str, text: str) -> bool:
    """Whether a text has the form of a pattern of this page, end to end."""
    return re.fullmatch(pattern, text) is not None


Id: TypeAlias = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Text: TypeAlias = Annotated[
    str, StringConstraints(pattern=TEXT_PATTERN, min_length=1, max_length=limits.TEXT_CHARS_MAX)
]
AnyText: TypeAlias = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=limits.TEXT_CHARS_MAX)]
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


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field whose value is personal: bounded by its kind, sealed before it is kept, and known to the graph as a
    token only.

    ``kind`` of identifier; ``kind_field`` names the field before it that says the kind; ``items``: the field is a list
    of ``{kind, value}``, whose values are marked themselves.
    """

    kind: str | None = None
    kind_field: str | None = None
    items: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._bounded, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        told, kind = handler(schema), KINDS.get(self.kind or "")
        for option in told.get("anyOf", [told]):
            if kind is not None and option.get("type") == "string":
                option["maxLength"] = kind.chars_max
        return told

    def _bounded(self, value: Any, info: ValidationInfo) -> Any:
        """The same value; raises the error ``out_of_range`` for one that its kind does not allow."""
        kind = KINDS.get(self.kind or info.data.get(self.kind_field or "", ""))
        if value is not None and kind is not None:
            told = too_long(kind, value.model_dump() if isinstance(value, BaseModel) else value)
            if told is not None:
                raise PydanticCustomError("out_of_range", "{told}", {"told": told})
        return value


# The names of every field a caller can be told about; pydantic's internal steps of a path are left out.
_UNION_STEPS: Final = {"TextIdentifier", "AddressIdentifier", *KINDS}

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
    "out_of_range": "out_of_range",
}


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
            steps.append(str(step) if isinstance(step, int) else shown_name(step))
    return ".".join(steps) or "body"


def field_error(error: Mapping[str, Any], prefix: str = "") -> FieldError:
    """One error of pydantic in the words of the platform; nothing of what was sent is repeated, it may be personal."""
    message = error["msg"]
    if error["type"] == "union_tag_invalid":  # pydantic's own words repeat the tag
        message = f"one of {error['ctx']['expected_tags']}"
    return FieldError(_path(error, prefix), _code(error), message)


def field_errors(error: ValidationError, prefix: str = "") -> list[FieldError]:
    """What is wrong, field by field; the first twenty."""
    listed = error.errors(include_url=False, include_context=True, include_input=False)
    return [field_error(item, prefix) for item in listed[:20]]
