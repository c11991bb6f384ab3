"""A file of events, one JSON object a line: sent as it came, each line with its number."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from core.limits import BODY_BYTES_MAX
from shopside.importing.findings import Finding, refused
from shopside.importing.reading import open_bytes, readable
from shopside.importing.shop_events import Outgoing

_LINE_BYTES_MAX: Final = BODY_BYTES_MAX - 2
"""A body is a list of events; its brackets take two bytes."""


def events_in(path: Path, findings: list[Finding]) -> Iterator[Outgoing]:
    """The events of a file, in its order; lines that are no JSON object go to the findings. Raises Unusable."""
    number = 0
    with readable(path), open_bytes(path) as file:
        while line := file.readline(_LINE_BYTES_MAX + 1):
            number += 1
            too_long = len(line) > _LINE_BYTES_MAX
            while too_long and not line.endswith(b"\n") and (rest := file.readline(_LINE_BYTES_MAX)):
                line = rest
            if too_long:
                findings.append(refused(number, "", "body_too_large", f"a line has at most {_LINE_BYTES_MAX:,} bytes"))
                continue
            text = line.removeprefix(codecs.BOM_UTF8).strip() if number == 1 else line.strip()
            problem = _problem(text)
            if problem:
                findings.append(refused(number, "", *problem))
            elif text:
                yield Outgoing(text, "event", (number,))


def _problem(text: bytes) -> tuple[str, str] | None:
    if not text:
        return None
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return "bad_encoding", "the line is not UTF-8"
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        return "bad_json", "the line is not JSON"
    return None if isinstance(content, dict) else ("bad_json", "a line holds one JSON object")
