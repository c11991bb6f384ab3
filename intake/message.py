"""One message of a stream or topic: all its bytes, where it stood, and the event it says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from core import limits
from core.canonical import nested_deeper
from core.errors import FieldError, Refusal, invalid

Parts = tuple[tuple[bytes, bytes | None], ...]
"""All a message came with, by name, in its order: enough to send it again as it came."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a transport read it.

    ``body`` is the whole event, or, with ``attributes`` (binary mode), its data. A message whose shape nobody knows
    has a ``stranger`` that says so, and its body says nothing.
    """

    position: str
    origin: Mapping[str, str]
    parts: Parts
    body: bytes = b""
    attributes: Mapping[str, str] | None = None
    stranger: Refusal | None = None

    @property
    def size_bytes(self) -> int:
        return sum(len(name) + len(value or b"") for name, value in self.parts)


def event_of(message: Message) -> Any | Refusal:
    """The event a message says, as parsed JSON, or what is wrong with the message as a whole."""
    if message.stranger is not None:
        return message.stranger
    beside = sum(len(name) + len(text) for name, text in (message.attributes or {}).items())
    if len(message.body) + beside > limits.BODY_BYTES_MAX:
        return Refusal(413, "body_too_large", "an event is at most 2 MB")
    try:
        message.body.decode()
    except UnicodeDecodeError:
        return Refusal(400, "bad_encoding", "events are JSON in UTF-8")
    try:
        parsed = orjson.loads(message.body) if message.body or message.attributes is None else None
    except orjson.JSONDecodeError:
        return Refusal(400, "bad_json", "this is not JSON")
    if message.attributes is not None:
        parsed = {**message.attributes, "data": parsed}
    if not isinstance(parsed, dict):
        return Refusal(400, "bad_json", "an event is a JSON object")
    if nested_deeper(parsed, limits.JSON_DEPTH_MAX):
        return Refusal(400, "bad_json", f"an event is nested at most {limits.JSON_DEPTH_MAX} levels deep")
    return parsed


def brand_of(event: Mapping[str, Any], brands: Collection[str]) -> str | Refusal:
    """The brand an event names, or that it names none there is."""
    brand = event.get("brand")
    if brand is None:
        return invalid([FieldError("brand", "missing_field", "on streams and topics the attribute brand is required")])
    if not isinstance(brand, str) or brand not in brands:
        return invalid([FieldError("brand", "unknown_brand", "there is no such brand")])
    return brand


def stretches(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The same messages in order, in stretches bounded by bytes and by count; each has at least one message."""
    first, held = 0, 0
    for index, message in enumerate(messages):
        if index > first and (
            held + message.size_bytes > limits.STREAM_BYTES_MAX or index - first == limits.STREAM_READ_MAX
        ):
            yield messages[first:index]
            first, held = index, 0
        held += message.size_bytes
    if messages:
        yield messages[first:]
