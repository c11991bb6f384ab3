"""What an import has to say about rows: refusals and notes, and the report they are written to."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


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


def refused(row: int, field: str, code: str, message: str) -> Finding:
    """A row, or a part of it, that was not taken."""
    return Finding(row, field, code, message, refused=True)


def note(row: int, field: str, code: str, message: str) -> Finding:
    """A row that was taken in a way its owner should know."""
    return Finding(row, field, code, message, refused=False)


def write_report(path: Path, findings: Iterable[Finding]) -> None:
    """Write the report: ``row, field, code, message``, in the order of the file; raises OSError.

    The message says ``refused:`` or ``note:`` first.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("row", "field", "code", "message"))
        for finding in sorted(findings):
            kind = "refused" if finding.refused else "note"
            writer.writerow((finding.row, finding.field, finding.code, f"{kind}: {finding.message}"))
