"""What an import has to say about rows: refusals and notes, and the report they are written to."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from shopside.importing.pile import Pile


class Unusable(Exception):
    """The input as a whole cannot be read: nothing was sent."""


class Finding(NamedTuple):
    """One remark on one row. ``row`` is the line of the file on which the row begins."""

    row: int
    field: str
    code: str
    message: str
    refused: bool
    """True where something of the row was not taken; False for a note on how it was taken."""


class Remarks(Protocol):
    """Where remarks go while a file is read and sent: a list, or a report."""

    def append(self, finding: Finding, /) -> None:
        """Add one remark."""

    def extend(self, findings: Iterable[Finding], /) -> None:
        """Add several remarks."""


def refused(row: int, field: str, code: str, message: str) -> Finding:
    """A row, or a part of it, that was not taken."""
    return Finding(row, field, code, message, refused=True)


def note(row: int, field: str, code: str, message: str) -> Finding:
    """A row that was taken in a way its owner should know."""
    return Finding(row, field, code, message, refused=False)


class Report:
    """All remarks of one import, and the CSV file that tells them in the order of the input.

    The file is opened before anything is read, so that a place that cannot be written is known before anything is sent.
    """

    def __init__(self, path: Path, inputs: Iterable[Path] = ()) -> None:
        """Begin an empty report; raises Unusable where it cannot be written or is one of the files that are read."""
        for read in inputs:
            if _same(path, read):
                raise Unusable(f"the report would overwrite {read}, which is to be read: name another file")
        self._path = path
        self._pile = Pile()
        self.counts: Counter[tuple[bool, str]] = Counter()
        """Remarks by whether they refuse, and by code."""
        self.refused_rows = 0
        """Rows of which something was not taken; known when the report is written."""
        try:
            self.write()
        except OSError as error:
            raise Unusable(f"the report {path} cannot be written: {error.strerror or error}") from None

    def append(self, finding: Finding) -> None:
        """Add one remark."""
        self.counts[finding.refused, finding.code] += 1
        self._pile.put((finding.row, finding.field, finding.code, finding.message), finding.refused)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add several remarks."""
        for finding in findings:
            self.append(finding)

    def write(self) -> None:
        """Write what is known: ``row, field, code, message``, in the order of the file; raises OSError.

        The message says ``refused:`` or ``note:`` first.
        """
        self.refused_rows = 0
        last_refused = 0
        with self._path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("row", "field", "code", "message"))
            for (row, field, code, message), is_refused in self._pile:
                writer.writerow((row, field, code, f"{'refused' if is_refused else 'note'}: {message}"))
                if is_refused and row != last_refused:
                    self.refused_rows += 1
                    last_refused = int(row)


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return one.resolve() == other.resolve()
