"""More than memory holds, put down in any order and taken up sorted: what is too much waits in files without a name."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO, Any, Final, NamedTuple

import orjson

from core.limits import IMPORT_SPILL_BYTES

Key = tuple[str | int, ...]
"""What a pile is sorted by; all keys of one pile have the same shape."""


class Record(NamedTuple):
    """One thing of a pile: its key, and a value as JSON knows it."""

    key: Key
    value: Any


_KEY: Final = itemgetter(0)


class Pile:
    """Records in any order, given back by their keys; equal keys come back as they were put.

    At most ``spill_bytes`` of them stay in memory. The files of the rest are nobody's: the system drops them with the
    process, whatever becomes of it.
    """

    def __init__(self, spill_bytes: int = IMPORT_SPILL_BYTES) -> None:
        self._spill_bytes = spill_bytes
        self._lines: list[tuple[Key, bytes]] = []
        self._bytes = 0
        self._runs: list[IO[bytes]] = []

    def put(self, key: Key, value: Any) -> None:
        """Add one record."""
        # a copy, because what orjson gives keeps the room that it took for writing: some 5 kB for each record
        line = bytes(memoryview(orjson.dumps((key, value))))
        self._lines.append((key, line))
        self._bytes += len(line)
        if self._bytes >= self._spill_bytes:
            self._spill()

    def __iter__(self) -> Iterator[Record]:
        """All records by their keys; nothing may be put meanwhile."""
        self._lines.sort(key=_KEY)
        here = (_record(line) for _, line in self._lines)
        return heapq.merge(*(_read(run) for run in self._runs), here, key=_KEY)

    def _spill(self) -> None:
        self._lines.sort(key=_KEY)
        run = TemporaryFile()  # noqa: SIM115 - lives as long as the pile
        run.writelines(line + b"\n" for _, line in self._lines)
        self._runs.append(run)
        self._lines.clear()
        self._bytes = 0


def _read(run: IO[bytes]) -> Iterator[Record]:
    run.seek(0)
    return map(_record, run)


def _record(line: bytes) -> Record:
    key, value = orjson.loads(line)
    return Record(tuple(key), value)
