"""JSON as files hold it: one object a line, or one array of objects; each with the line on which it begins."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from core.limits import BODY_BYTES_MAX
from shopside.importing.findings import Unusable
from shopside.importing.reading import head_of, open_bytes, readable

_BYTES_MAX: Final = BODY_BYTES_MAX - 2
"""A body is a list of events; its brackets take two bytes."""
_CHUNK_CHARS: Final = 1 << 20
_BLANKS: Final = " \t\r\n"


class Element(NamedTuple):
    """One object of a file as it is written there, or why it is none."""

    number: int
    text: bytes
    content: dict[str, Any]
    problem: tuple[str, str] | None = None


def elements_of(path: Path) -> Iterator[Element]:
    """The objects of a file, in its order. Raises Unusable; for a broken array, before the first is given."""
    with readable(path):
        head = head_of(path, 4096).removeprefix(codecs.BOM_UTF8).lstrip()
    if not head.startswith(b"["):
        yield from _lines(path)
        return
    for _ in _array(path):
        pass
    yield from _array(path)


def _lines(path: Path) -> Iterator[Element]:
    number = 0
    with readable(path), open_bytes(path) as file:
        while line := file.readline(_BYTES_MAX + 1):
            number += 1
            too_long = len(line) > _BYTES_MAX
            while too_long and not line.endswith(b"\n") and (rest := file.readline(_BYTES_MAX)):
                line = rest
            if too_long:
                told = f"a line has at most {_BYTES_MAX:,} bytes"
                yield Element(number, b"", {}, ("body_too_large", told))
                continue
            text = line.removeprefix(codecs.BOM_UTF8).strip() if number == 1 else line.strip()
            if text:
                yield _line(number, text)


def _line(number: int, text: bytes) -> Element:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return Element(number, text, {}, ("bad_encoding", "the line is not UTF-8"))
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Element(number, text, {}, ("bad_json", "the line is not JSON"))
    if not isinstance(content, dict):
        return Element(number, text, {}, ("bad_json", "a line holds one JSON object, or the file one array of them"))
    return Element(number, text, content)


def _array(path: Path) -> Iterator[Element]:
    """The elements of an array; no more of the text is held than the longest of them needs."""
    decoder = json.JSONDecoder()
    with readable(path), codecs.getreader("utf-8-sig")(open_bytes(path)) as file:
        held, place, number = file.read(_CHUNK_CHARS), 0, 1
        expected, over = "[", False
        while not over:
            place, number = _past_blanks(held, place, number)
            if place == len(held):
                held, place = file.read(_CHUNK_CHARS), 0
                if not held:
                    raise Unusable(f"{path}: the array is not closed; the file seems to be cut off")
                continue
            sign = held[place]
            if expected in ("[", ","):
                if sign not in ("[", "]", ",") or (sign == "[") != (expected == "["):
                    raise Unusable(f"{path}: line {number}: a comma or the end of the array is missing")
                place += 1
                expected, over = "element", sign == "]"
                continue
            if sign == "]":
                place, over = place + 1, True
                continue
            try:
                content, end = decoder.raw_decode(held, place)
            except json.JSONDecodeError as error:
                more = file.read(_CHUNK_CHARS)
                if not more or len(held) - place > _BYTES_MAX:
                    raise Unusable(f"{path}: line {number}: this is not JSON: {error.msg}") from None
                held, place = held[place:] + more, 0
                continue
            yield _element(number, held[place:end].encode(), content)
            number += held.count("\n", place, end)
            place, expected = end, ","
        if (held[place:] + file.read(_CHUNK_CHARS)).strip():
            raise Unusable(f"{path}: something follows the end of the array")


def _past_blanks(held: str, place: int, number: int) -> tuple[int, int]:
    while place < len(held) and held[place] in _BLANKS:
        number += held[place] == "\n"
        place += 1
    return place, number


def _element(number: int, text: bytes, content: Any) -> Element:
    if not isinstance(content, dict):
        return Element(number, text, {}, ("bad_json", "an element of the array is no JSON object"))
    if len(text) > _BYTES_MAX:
        return Element(number, b"", {}, ("body_too_large", f"an event has at most {_BYTES_MAX:,} bytes"))
    return Element(number, text, content)
