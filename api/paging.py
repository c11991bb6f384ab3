"""Lists: ``{"items", "next_cursor"}``, a limit of at most 200, and cursors that only we can read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeAlias

import orjson
from fastapi import Query
from pydantic_core import PydanticCustomError

from core import limits
from core.canonical import canonical
from core.errors import FieldError, invalid
from events.fields import instant

Limit: TypeAlias = Annotated[int, Query(ge=1, le=limits.PAGE_ITEMS_MAX)]
Cursor: TypeAlias = Annotated[str | None, Query(max_length=1_000)]


def page(items: list[dict[str, Any]], limit: int, place: Callable[[dict[str, Any]], tuple[Any, ...]]) -> dict[str, Any]:
    """A page of ``limit`` out of ``limit + 1`` items read; ``place`` says where an item stands in the order."""
    shown = items[:limit]
    more = len(items) > limit
    return {"items": shown, "next_cursor": write_cursor(*place(shown[-1])) if more else None}


def write_cursor(*place: Any) -> str:
    """A place in a list as an opaque text."""
    return base64.urlsafe_b64encode(canonical(list(place))).decode()


def read_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The place a cursor stands for, by kind; None for the beginning. Raises Refusal 422 ``bad_cursor``."""
    if cursor is None:
        return None
    wrong = invalid([FieldError("cursor", "bad_cursor", "use a next_cursor as it was given")])
    try:
        place = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, orjson.JSONDecodeError, UnicodeEncodeError, ValueError) as error:
        raise wrong from error
    if not isinstance(place, list) or len(place) != len(kinds):
        raise wrong
    try:
        place = [instant(part) if kind is datetime else part for part, kind in zip(place, kinds, strict=True)]
    except PydanticCustomError as error:
        raise wrong from error
    if any(type(part) is not kind for part, kind in zip(place, kinds, strict=True)):
        raise wrong
    if any(isinstance(part, str) and "\x00" in part for part in place):
        raise wrong
    if any(isinstance(part, int) and abs(part) >= 2**62 for part in place):
        raise wrong
    return tuple(place)
