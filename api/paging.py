"""Lists: ``{"items", "next_cursor"}``, a limit of at most 200, and cursors that only we can read.

A cursor is sealed under a key of its brand, for one path and one choice of filters: elsewhere it means nothing, and
it tells its holder nothing of the items it stands between.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeAlias

import orjson
from fastapi import Query, Request
from pydantic_core import PydanticCustomError

from api.auth import caller
from api.platform import platform
from core import limits
from core.canonical import canonical
from core.errors import FieldError, Refusal, invalid
from events.fields import instant
from privacy.vault import Forgotten, seal, unseal

Limit: TypeAlias = Annotated[int, Query(ge=1, le=limits.PAGE_ITEMS_MAX)]
Cursor: TypeAlias = Annotated[str | None, Query(max_length=1_000)]


async def page(
    request: Request, items: list[dict[str, Any]], limit: int, place: Callable[[dict[str, Any]], tuple[Any, ...]]
) -> dict[str, Any]:
    """A page of ``limit`` out of ``limit + 1`` items read; ``place`` says where an item stands in the order."""
    shown = items[:limit]
    following = await write_cursor(request, *place(shown[-1])) if len(items) > limit else None
    return {"items": shown, "next_cursor": following}


async def write_cursor(request: Request, *place: Any) -> str:
    """A place in the list that is asked for, as a text that only :func:`read_cursor` of the same list can read."""
    sealed = seal(await _key(request), canonical(list(place)), _list(request))
    return base64.urlsafe_b64encode(sealed).decode()


async def read_cursor(request: Request, cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The place a cursor stands for, by kind; None for the beginning.

    Raises Refusal 422 ``bad_cursor`` for one that no answer gave: to this brand, on this path, under these filters.
    """
    if cursor is None:
        return None
    try:
        sealed = base64.urlsafe_b64decode(cursor.encode())
        place: list[Any] = orjson.loads(unseal(await _key(request), sealed, _list(request)))
    except (binascii.Error, UnicodeEncodeError, ValueError, Forgotten) as error:
        raise _bad() from error
    try:
        found = [instant(part) if kind is datetime else part for part, kind in zip(place, kinds, strict=True)]
    except (PydanticCustomError, ValueError) as error:  # of an older release, perhaps
        raise _bad() from error
    if any(type(part) is not kind for part, kind in zip(found, kinds, strict=True)):
        raise _bad()
    return tuple(found)


def _bad() -> Refusal:
    return invalid([FieldError("cursor", "bad_cursor", "use a next_cursor as it was given, with the same filters")])


async def _key(request: Request) -> bytes:
    return (await platform(request).keyring.brand(caller(request).brand)).cursors


def _list(request: Request) -> str:
    """Which list is asked for: whose, where, and what of it; how many at a time may change from page to page."""
    asked = request.query_params.multi_items()
    filters = sorted((name, text) for name, text in asked if name not in ("cursor", "limit"))
    return canonical(["cursor", caller(request).brand, request.url.path, filters]).decode()
