"""The rows of an export as its map lays them out: past the preamble, under their headings, up to the footer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from core.limits import IMPORT_PREAMBLE_LINES_MAX, IMPORT_ROWS_MAX
from shopside.importing.delimited import Delimited
from shopside.importing.findings import Remarks, Unusable, note
from shopside.importing.layout import Columns, Layout, Places, find_places, has_columns, position_of
from shopside.importing.objects import elements_of
from shopside.importing.reading import ZIP, Row, encoding_of, head_of
from shopside.importing.workbook import workbook_rows

_FORMULA: Final = re.compile(r'="(.*)"')
"""How exports keep spreadsheets from shortening a number."""


class Table:
    """An export under its map: headings, where each field stands, and the rows, which are read once."""

    def __init__(self, path: Path, layout: Layout, encoding: str | None, remarks: Remarks) -> None:
        """Find the headings; ``encoding`` overrules the map's. Raises Unusable."""
        self._layout = layout
        self._remarks = remarks
        self.comma_likely = False
        """Are the columns separated as programs do that write decimals with a comma?"""
        self.is_workbook = False
        self.how_read = ""
        """The encoding, with the reason for it."""
        self._path = path
        self._rows, text = self._source(encoding)
        self.headings = self._found_headings()
        self._width = len(self.headings)
        if text is not None:
            text.width = self._width
        try:
            self.places: Places = find_places(layout, self.headings)
        except Unusable as error:
            raise Unusable(f"{error}{self._further_down()}") from None
        self._skip = [
            (position_of((condition.column,), self.headings, "skip in the map")[0][0], condition)
            for condition in layout.skip
        ]

    def rows(self) -> Iterator[Row]:
        """The rows that are part of an order or of a refund, or have a problem; the others go to the remarks.

        Raises Unusable.
        """
        above: list[str] | None = None
        count = 0
        for row in self._rows:
            count += 1
            if count > IMPORT_ROWS_MAX:
                raise Unusable(f"{self._path} has more than {IMPORT_ROWS_MAX:,} rows: split it, for example by year")
            cells = [self._cell(cell) for cell in row.cells]
            if any(cells[0].startswith(word) for word in self._layout.footer if cells):
                following = sum(1 for _ in self._rows)
                told = f"the footer of the map begins here; it and {following} rows after it are not taken"
                self._remarks.append(note(row.number, "", "footer", told))
                return
            if row.problem is None and not any(cells):
                self._remarks.append(note(row.number, "", "empty_row", "all cells are empty; nothing to take"))
                continue
            row = self._fitted(row, cells)
            if row.problem is None:
                row = Row(row.number, self._filled(row.cells, above))
                above = row.cells
                if any(condition.holds(row.cells[place]) for place, condition in self._skip):
                    self._remarks.append(note(row.number, "", "skipped", "the map says that such rows are no sales"))
                    continue
            yield row

    def _source(self, encoding: str | None) -> tuple[Iterator[Row], Delimited | None]:
        layout = self._layout
        head = head_of(self._path, 4096)
        if head.startswith(ZIP):
            self.is_workbook = True
            return workbook_rows(self._path, layout.sheet, layout.skip_lines), None
        if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
            return _object_rows(self._path, layout), None
        named = encoding or layout.encoding
        if named is None:
            found = encoding_of(self._path)
            named = found.name
            self.how_read = f"read as {found.name}: {found.how}"
            if found.guessed:
                told = f"nobody says the encoding; {self.how_read}. --encoding says another"
                self._remarks.append(note(1, "", "encoding_guessed", told))
        else:
            self.how_read = f"read as {named}, as {'the command' if encoding else 'the map'} says"
        heads = IMPORT_PREAMBLE_LINES_MAX if layout.find_headings else layout.heading_lines
        text = Delimited(self._path, named, layout.delimiter, layout.skip_lines, heads)
        self.comma_likely = text.delimiter == ";"
        return text.rows(), text

    def _found_headings(self) -> list[str]:
        upper: list[str] = []
        for count, row in enumerate(self._rows, 1):
            cells = [self._cell(cell) for cell in row.cells]
            headings = _joined(upper, cells) if self._layout.heading_lines == 2 else _trimmed(cells)
            complete = self._layout.heading_lines == 1 or count > 1
            if complete and (not self._layout.find_headings or has_columns(self._layout, headings)):
                return headings
            if count > IMPORT_PREAMBLE_LINES_MAX:
                break
            upper = cells
        if self._layout.find_headings:
            raise Unusable(
                f"{self._path}: none of the first {IMPORT_PREAMBLE_LINES_MAX} lines holds the headings that map "
                f"{self._layout.name} names"
            )
        raise Unusable(f"{self._path} is empty")

    def _further_down(self) -> str:
        """A word on the line where all needed headings stand, if there is one."""
        for row in islice(self._rows, IMPORT_PREAMBLE_LINES_MAX):
            if has_columns(self._layout, row.cells):
                return f"; line {row.number} has them all: say skip_lines = {row.number - 1} in the map"
        return ""

    def _cell(self, cell: str) -> str:
        text = cell.strip()
        if self._layout.strip:
            text = text.strip(self._layout.strip).strip()
        formula = _FORMULA.fullmatch(text)
        return formula[1].strip() if formula else text

    def _fitted(self, row: Row, cells: list[str]) -> Row:
        """The row in the width of the headings; cells too many are no fault while they are empty."""
        surplus = cells[self._width :]
        if row.problem is None and len(cells) != self._width and (len(cells) < self._width or any(surplus)):
            code = "too_many_cells" if surplus else "too_few_cells"
            return Row(row.number, cells, (code, f"{len(cells)} cells under {self._width} headings"))
        return Row(row.number, cells if row.problem else cells[: self._width], row.problem)

    def _filled(self, cells: list[str], above: list[str] | None) -> list[str]:
        """The cells with what merged cells left empty taken from the row above, as far as the map says so."""
        if above is None or not self._layout.fill_down:
            return cells
        filled = list(cells)
        order = self.places["order_id"]
        if "order_id" in self._layout.fill_down:
            _fill(filled, above, order)
        if _texts(filled, order) == _texts(above, order):
            for field in self._layout.fill_down:
                _fill(filled, above, self.places[field])
        return filled


def _fill(cells: list[str], above: list[str], positions: tuple[tuple[int, ...], ...]) -> None:
    for position in (place for part in positions for place in part):
        cells[position] = cells[position] or above[position]


def _texts(cells: Sequence[str], positions: tuple[tuple[int, ...], ...]) -> list[str]:
    return [cells[place] for part in positions for place in part]


def _trimmed(cells: list[str]) -> list[str]:
    width = max((place for place, cell in enumerate(cells, 1) if cell), default=0)
    return cells[:width]


def _joined(upper: list[str], lower: list[str]) -> list[str]:
    """One heading for each column of two lines: the lower cell, else the upper; both where that names two columns."""
    width = max(len(upper), len(lower))
    upper, lower = (cells + [""] * (width - len(cells)) for cells in (upper, lower))
    groups: list[str] = []
    for place in range(width):
        groups.append(upper[place] or (groups[place - 1] if place and lower[place] else ""))
    alone = [below or group for group, below in zip(groups, lower, strict=True)]
    both = [
        f"{group}_{below}" if group and below else one for group, below, one in zip(groups, lower, alone, strict=True)
    ]
    return _trimmed([full if alone.count(one) > 1 else one for one, full in zip(alone, both, strict=True)])


def _object_rows(path: Path, layout: Layout) -> Iterator[Row]:
    """Objects as rows: the headings are the names that the map knows, and what an object lacks is an empty cell."""
    named = [name for field in Columns.model_fields for name in getattr(layout.columns, field)]
    named += [condition.column for condition in layout.skip]
    if layout.refund_rows:
        rows = layout.refund_rows
        named += [rows.column, *rows.refund_id, *rows.amount, *rows.order_id, *rows.refunded_at]
    names = list(dict.fromkeys(part for name in named for part in ((name,) if isinstance(name, str) else name)))
    yield Row(0, names)
    for element in elements_of(path):
        cells = [_object_cell(element.content.get(name)) for name in names]
        yield Row(element.number, cells, element.problem)


def _object_cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
