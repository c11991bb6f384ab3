"""One byte form for one JSON value, so that fingerprints and hash chains do not depend on spelling."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

import orjson

_CONTAINERS: Final = (dict, list)
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""A NUL character as JSON spells it: the same letters after a backslash that is itself escaped are plain text."""


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no blanks, UTF-8; equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def has_nul(json: bytes) -> bool:
    """Whether any text or name in JSON holds a NUL character, which Postgres cannot keep."""
    return _NUL.search(json) is not None


def without_nul(json: bytes) -> bytes:
    """The same JSON with every NUL character left out of its texts and names."""
    return _NUL.sub(rb"\1", json)


def nested_deeper(value: Any, levels: int) -> bool:
    """Whether objects and lists stand in one another more than so many levels deep; empty ones do not count."""
    inner = _filled([value])
    for _ in range(levels):
        inner = _inside(inner)
        if not inner:
            return False
    return bool(inner)


def names_in(value: Any, count_max: int) -> int:
    """How many names the objects in a value have together; counted no further than past ``count_max``."""
    names, inner = 0, _filled([value])
    while inner and names <= count_max:
        names += sum(len(outer) for outer in inner if isinstance(outer, dict))
        inner = _inside(inner)
    return names


def _inside(outer: Iterable[Any]) -> list[Any]:
    return [part for one in outer for part in _filled(one.values() if isinstance(one, dict) else one)]


def _filled(parts: Iterable[Any]) -> list[Any]:
    return [part for part in parts if part and isinstance(part, _CONTAINERS)]


def link(previous: bytes, content: bytes) -> bytes:
    """The next hash of a chain: SHA-256 over the hash before and the content."""
    return hashlib.sha256(previous + content).digest()
