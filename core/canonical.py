"""One byte form for one JSON value, so that fingerprints and hash chains do not depend on spelling."""

import hashlib
import re
from typing import Any, Final

import orjson

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
    """Whether objects and lists stand in one another more than so many levels deep."""
    inner = [value]
    for _ in range(levels + 1):
        inner = [
            part
            for outer in inner
            if isinstance(outer, dict | list)
            for part in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not inner:
            return False
    return True


def link(previous: bytes, content: bytes) -> bytes:
    """The next hash of a chain: SHA-256 over the hash before and the content."""
    return hashlib.sha256(previous + content).digest()
