"""The events of one body, each judged by itself.

JSON can say what nothing here can keep: half a surrogate pair, a number without end, objects in objects for ever. Such
an event is refused like any other that is wrong, and the rest of its batch is taken.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import orjson

from core import limits
from core.canonical import canonical, nested_deeper
from core.errors import FieldError, Refusal, invalid
from core.slicing import sliced


@dataclass(frozen=True, slots=True)
class Unusable:
    """An event as it was written, which is JSON and yet cannot be kept; why; its id where it can be told."""

    text: str
    refusal: Refusal
    id: str | None = None


_DEEP: Final = invalid(
    [FieldError("event", "bad_json", f"an event is nested at most {limits.JSON_DEPTH_MAX} levels deep")]
)
_ENDLESS: Final = invalid([FieldError("event", "out_of_range", "a number that no field can hold")])
_BROKEN_TEXT: Final = invalid([FieldError("event", "bad_text", "a text with half a surrogate pair")])
_INT_MAX: Final = 2**64 - 1
_BLANK: Final = " \t\r\n"
# A text that never ends is one token too: were it none, each quote inside it would be tried, to the end every time.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)


async def events_of(body: bytes) -> list[Any]:
    """The events of a body that holds one, or an array of them: as parsed JSON, or Unusable, in the order sent.

    Others have turns while a body that cannot be taken as it is comes apart.

    Raises Refusal 400 ``bad_json`` for what is neither, ``batch_too_large`` for too many.
    """
    try:
        parsed = orjson.loads(body)
        events = parsed if isinstance(parsed, list) else [parsed]
        as_it_is = not any(_deep(event) for event in events)
    except orjson.JSONDecodeError:
        as_it_is = False
    if not as_it_is:
        events = [_event(text) async for text in _items(body.decode())]
    if not all(isinstance(event, dict | Unusable) for event in events):
        raise Refusal(400, "bad_json", "send a JSON object, or an array of objects")
    if len(events) > limits.EVENTS_PER_BATCH_MAX:
        raise _too_many()
    return events


def event_of_data(attributes: Mapping[str, str], body: bytes) -> Any:
    """The event whose attributes came beside its data (binary mode): as if it had come whole.

    Raises Refusal 400 ``bad_json`` for data that are no JSON.
    """
    try:
        event = {**attributes, "data": orjson.loads(body)}
        if not _deep(event):
            return event
    except orjson.JSONDecodeError:
        _check_json(body)
    return _event(f'{canonical(attributes).decode()[:-1]},"data":{body.decode()}}}')


def _check_json(body: bytes) -> None:
    """Raises Refusal 400 for what is not one JSON value; one too deep to be read counts as one."""
    try:
        json.loads(body.decode(), parse_int=float, parse_constant=_no_number)
    except RecursionError:
        pass
    except ValueError as error:
        raise Refusal(400, "bad_json", "the body is not JSON") from error


def _deep(event: Any) -> bool:
    return isinstance(event, dict) and nested_deeper(event, limits.JSON_DEPTH_MAX)


async def _items(text: str) -> AsyncIterator[str]:
    """The items of an array as they are written, or the text itself; only brackets and commas are looked at."""
    text = text.strip(_BLANK)
    if not text.startswith("["):
        yield text
        return
    depth, begin, count = 0, 1, 0
    async for token in sliced(_TOKEN.finditer(text)):
        sign = text[token.start()]
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
            if depth == 0:
                if token.end() != len(text):
                    raise _no_json()
                yield text[begin : token.start()].strip(_BLANK)
                return
        elif sign == "," and depth == 1:
            yield text[begin : token.start()].strip(_BLANK)
            begin, count = token.end(), count + 1
            if count >= limits.EVENTS_PER_BATCH_MAX:
                raise _too_many()
    raise _no_json()


def _event(text: str) -> Any:
    """One event of a body that cannot be taken as it is."""
    try:
        event = orjson.loads(text)
        return Unusable(text, _DEEP, _id_of(event)) if _deep(event) else event
    except orjson.JSONDecodeError:
        pass
    endless: list[str] = []

    def number(digits: str) -> float:
        found = float(digits)
        if math.isinf(found) or (found > _INT_MAX and digits.lstrip("-").isdigit()):
            endless.append("")
        return found

    try:
        event = json.loads(text, parse_int=number, parse_float=number, parse_constant=_no_number)
    except RecursionError:
        if not text.lstrip().startswith("{"):
            raise _no_json() from None
        return Unusable(text, _DEEP)
    except ValueError as error:
        raise _no_json() from error
    if not isinstance(event, dict):
        raise _no_json()
    return Unusable(text, _ENDLESS if endless else _BROKEN_TEXT, _id_of(event))


def _id_of(event: dict[str, Any]) -> str | None:
    named = event.get("id")
    return named if isinstance(named, str) and named.isprintable() else None


def _no_number(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are no JSON


def _no_json() -> Refusal:
    return Refusal(400, "bad_json", "send a JSON object, or an array of objects")


def _too_many() -> Refusal:
    return Refusal(400, "batch_too_large", f"send at most {limits.EVENTS_PER_BATCH_MAX} events at a time")
