"""Text tables (CSV and its kin), row by row with line numbers; a stray quote costs its own row and no other."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from core.limits import IMPORT_CELL_LINES_MAX, IMPORT_PREAMBLE_LINES_MAX, IMPORT_ROW_BYTES_MAX
from shopside.importing.reading import Row, open_bytes, readable

_DELIMITERS: Final = ",;\t|"


class Delimited:
    """A text table: its rows, and the character that separates its cells."""

    def __init__(self, path: Path, encoding: str, delimiter: str | None, skip_lines: int, heads: int) -> None:
        """``heads`` is the number of lines, after those skipped, among which the headings stand; raises Unusable."""
        self._path = path
        self._encoding = encoding
        self._skip_lines = skip_lines
        self.width: int | None = None
        """Cells of a whole row, once somebody knows the headings: a cell of several lines must leave so many."""
        self.delimiter = delimiter or self._guessed(min(heads, IMPORT_PREAMBLE_LINES_MAX))

    def rows(self) -> Iterator[Row]:
        """The records, without blank lines; raises Unusable when the bytes are not of the encoding.

        A cell in quotes may hold several lines. Where a quote is not closed, or closing it would swallow lines that are
        rows themselves, the row is given with a problem and reading goes on at the next line.
        """
        csv.field_size_limit(IMPORT_ROW_BYTES_MAX)
        with readable(self._path), self._open() as text:
            lines = _Lines(text)
            for _ in range(self._skip_lines):
                lines.take()
            while (line := lines.take()) is not None:
                number = lines.number
                if len(line) > IMPORT_ROW_BYTES_MAX:
                    yield Row(number, [], ("bad_row", f"a row has at most {IMPORT_ROW_BYTES_MAX:,} characters"))
                elif '"' not in line:
                    if line.strip():
                        yield Row(number, line.split(self.delimiter))
                else:
                    yield self._quoted(number, line, lines)

    def _quoted(self, number: int, line: str, lines: _Lines) -> Row:
        held = [line]
        while True:
            cells = self._strictly(held)
            if cells is not None:
                break
            following = lines.take() if _open(held) and len(held) < IMPORT_CELL_LINES_MAX else None
            if following is None:
                break
            held.append(following)
        if cells is not None and (len(held) == 1 or self._is_one_row(cells, held[1:])):
            return Row(number, cells)
        lines.put_back(held[1:])
        told = "a quote is opened in this row and not closed in it; the next line is read as a row of its own"
        return Row(number, self._loosely(line), ("bad_row", told))

    def _is_one_row(self, cells: list[str], further: list[str]) -> bool:
        """Is what quotes hold together over several lines one row, and none of its further lines a row itself?"""
        width = len(cells) if self.width is None else self.width
        return (
            len(cells) >= width and not any(cells[width:]) and all(len(self._loosely(one)) < width for one in further)
        )

    def _strictly(self, lines: list[str]) -> list[str] | None:
        try:
            (cells,) = csv.reader(["\n".join(lines)], delimiter=self.delimiter, strict=True)
        except (csv.Error, ValueError):
            return None
        return cells

    def _loosely(self, line: str) -> list[str]:
        return next(csv.reader([line], delimiter=self.delimiter), [])

    def _guessed(self, heads: int) -> str:
        with readable(self._path), self._open() as text:
            lines = iter(lambda: text.readline(IMPORT_ROW_BYTES_MAX), "")
            filled = (line for line in islice(lines, self._skip_lines, None) if line.strip())
            heading = list(islice(filled, heads))
        return max(_DELIMITERS, key=lambda sign: max((line.count(sign) for line in heading), default=0))

    def _open(self) -> TextIOWrapper:
        return TextIOWrapper(open_bytes(self._path), encoding=self._encoding)


class _Lines:
    """The lines of a text with their numbers; lines that were looked at in vain are put back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.number = 0
        """Number of the line taken last."""

    def take(self) -> str | None:
        """The next line without its end, or None; of one that is too long no more than shows that it is."""
        if self._again:
            self.number += 1
            return self._again.popleft()
        line = end = self._text.readline(IMPORT_ROW_BYTES_MAX + 1)
        if not line:
            return None
        while not end.endswith("\n") and (end := self._text.readline(IMPORT_ROW_BYTES_MAX)):
            pass
        self.number += 1
        return line.removesuffix("\n")

    def put_back(self, lines: list[str]) -> None:
        """The lines taken last come again."""
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)


def _open(lines: list[str]) -> bool:
    return sum(line.count('"') for line in lines) % 2 == 1
