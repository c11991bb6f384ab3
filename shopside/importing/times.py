"""Times as exports write them, in the zone that the cell, a column or the map names; none is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ZONE_WORD: Final = "%Z"
"""Stands last in a time format: a zone by its name follows."""
_WORD: Final = re.compile(r"(.*?\d)\s*([A-Za-z][A-Za-z0-9/_+:-]*)")
_UTC: Final = frozenset(("UTC", "GMT", "Z"))
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)
_CELLS_KEPT: Final = 100_000
"""Rows of one order repeat their time; past this many the memory is worth more than the work."""


class UnknownZone(ValueError):
    """A word that names no zone, or more than one."""


class Times:
    """How the times of one file are read; ``zones`` says what words such as CST mean there."""

    def __init__(self, formats: tuple[str, ...], zone: tzinfo, zones: Mapping[str, str]) -> None:
        self._formats = formats
        self._zone = zone
        self._zones = {word.upper(): zone_named(meaning) for word, meaning in zones.items()}
        self._known: dict[tuple[str, str], datetime] = {}

    def read(self, text: str, zone_word: str = "") -> datetime:
        """The instant of a cell, with its offset; ``zone_word`` is the zone that another column names.

        Raises UnknownZone, and ValueError when no format fits.
        """
        at = self._known.get((text, zone_word))
        if at is None:
            at = self._read(text, zone_word)
            if len(self._known) >= _CELLS_KEPT:
                self._known.clear()
            self._known[text, zone_word] = at
        return at

    def _read(self, text: str, zone_word: str) -> datetime:
        for time_format in self._formats:
            plain, word = text, zone_word
            if time_format.endswith(ZONE_WORD):
                found = _WORD.fullmatch(text)
                if not found:
                    continue
                plain, word = found[1], found[2]
            try:
                at = datetime.strptime(plain, time_format.removesuffix(ZONE_WORD).rstrip())  # noqa: DTZ007 - below
            except ValueError:
                continue
            if at.tzinfo is not None:
                return at
            return at.replace(tzinfo=self._meant(word) if word else self._zone)
        raise ValueError(f"the time is not written as {' or '.join(self._formats)}")

    def _meant(self, word: str) -> tzinfo:
        said = self._zones.get(word.upper())
        return said if said is not None else zone_named(word)


def zone_named(word: str) -> tzinfo:
    """The zone of a word that means one thing: UTC, an offset, or a name such as Asia/Shanghai; raises UnknownZone.

    Letters alone are no name: CST is used in Shanghai, Havana and Chicago, and the zone data knows but some of them.
    """
    if word.upper() in _UTC:
        return UTC
    offset = _OFFSET.fullmatch(word)
    if offset:
        return _fixed(offset)
    if "/" in word:
        try:
            return ZoneInfo(word)
        except (ZoneInfoNotFoundError, ValueError):
            pass
    raise UnknownZone(f"{word} does not say which zone is meant: name it under [zones] in the map")


def _fixed(offset: re.Match[str]) -> tzinfo:
    hours, minutes = int(offset[2]), int(offset[3] or 0)
    if hours > 14:
        raise UnknownZone(f"{offset[0]} is no offset that is used anywhere")
    distance = timedelta(hours=hours, minutes=minutes)
    return timezone(-distance if offset[1] == "-" else distance)


def instant(at: datetime) -> int:
    """Microseconds since 1970 that order instants, whatever zone they are written in."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
