"""One byte form for one JSON value, so that fingerprints and hash chains do not depend on spelling."""

import hashlib
from typing import Any

import orjson


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no blanks, UTF-8; equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def link(previous: bytes, content: bytes) -> bytes:
    """The next hash of a chain: SHA-256 over the hash before and the content."""
    return hashlib.sha256(previous + content).digest()
