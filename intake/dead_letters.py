"""Dead letters: what could not be taken, with the problem; people see no personal value, and nothing is lost.

A letter has two faces. ``event`` is for people: what came where that tells nothing personal, else a copy with every
value masked that is not known to be impersonal, else nothing. ``original`` is everything the message came with,
sealed, and is what a replay sends.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from core import limits
from core.canonical import nested_deeper
from intake.message import Message, Parts
from privacy.keyring import Keyring
from privacy.masks import SEALED_MARK, opened_copy, shown, shown_problem
from privacy.vault import from_text, seal, to_text, unseal

_CONTEXT: Final = "dead letter"

# Any letter or digit may be part of a value, a name written in small letters too.
_SIGNS_ALONE: Final = re.compile(rb'[{}\[\]":,\s]{0,24}')


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be buried; ``sealed_by`` is the brand whose key sealed the original."""

    position: str
    origin: Mapping[str, str]
    problem: dict[str, Any]
    event: bytes
    sealed_by: str
    original: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A buried letter as it is listed: its number, where it came from, the problem, what people may see."""

    number: str
    origin: str
    problem: dict[str, Any]
    event: bytes


class LetterBox:
    """Writes letters, and opens them again."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def write(self, message: Message, event: Any, problem: Mapping[str, Any], brands: Sequence[str]) -> Letter:
        """The letter of a message. ``event`` is what it said, None where it said nothing.

        Sealed under its brand's key, or the installation's own for one of no brand.
        """
        named = event.get("brand") if isinstance(event, dict) else None
        sealed_by = named if isinstance(named, str) and named in brands else brands[0]
        keys = await self._keyring.brand(sealed_by)
        return Letter(
            position=message.position,
            origin=message.origin,
            problem=shown_problem(problem),
            event=_for_people(message, event),
            sealed_by=sealed_by,
            original=seal(keys.wrapping, _packed(message.parts), f"{sealed_by}|{_CONTEXT}"),
        )

    async def open(self, sealed_by: str, original: bytes) -> Parts:
        """All a message came with; Refusal 404 for a brand that is gone."""
        keys = await self._keyring.brand(sealed_by)
        return _unpacked(unseal(keys.wrapping, original, f"{sealed_by}|{_CONTEXT}"))

    async def open_in_place(self, raw: bytes, brands: Sequence[str]) -> bytes:
        """The event of a letter as earlier versions wrote them: every personal value sealed where it stood."""
        try:
            event = orjson.loads(raw)
            if nested_deeper(event, limits.JSON_DEPTH_MAX):
                return raw
        except orjson.JSONDecodeError:
            if not raw.startswith(SEALED_MARK.encode()):
                return raw
            keys = await self._keyring.brand(brands[0])
            return unseal(keys.wrapping, from_text(raw.decode().removeprefix(SEALED_MARK)), _CONTEXT)
        named = event.get("brand") if isinstance(event, dict) else None
        keys = await self._keyring.brand(named if isinstance(named, str) and named in brands else brands[0])
        opened = opened_copy(event, lambda text: unseal(keys.wrapping, from_text(text), _CONTEXT).decode())
        return raw if opened == event else orjson.dumps(opened)


def _for_people(message: Message, event: Any) -> bytes:
    if not isinstance(event, dict):
        alone = message.stranger is None and message.attributes is None
        return message.body if alone and _SIGNS_ALONE.fullmatch(message.body) else b""
    masked = shown(event)
    short = len(message.body) <= limits.LETTER_SHOWN_BYTES_MAX
    if short and message.attributes is None and masked == event and _says_each_name_once(message.body):
        return message.body
    return orjson.dumps(masked)


def _says_each_name_once(raw: bytes) -> bool:
    """Whether JSON holds nothing but what parsing it gives: a name written twice hides the first value."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError
        return found

    try:
        json.loads(raw, object_pairs_hook=once)
    except ValueError:
        return False
    return True


def _packed(parts: Parts) -> bytes:
    """Compressed, so that a letter is hardly ever larger than the message it is about."""
    listed = [[to_text(name), None if value is None else to_text(value)] for name, value in parts]
    return zlib.compress(orjson.dumps(listed), 1)


def _unpacked(packed: bytes) -> Parts:
    listed: list[tuple[str, str | None]] = orjson.loads(zlib.decompress(packed))
    return tuple((from_text(name), None if value is None else from_text(value)) for name, value in listed)
