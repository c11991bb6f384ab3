"""Workbooks (.xlsx), row by row, as the text that a person sees who wrote the cells."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from core.limits import IMPORT_WORKBOOK_BYTES_MAX
from shopside.importing.findings import Unusable
from shopside.importing.reading import Row

TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
"""How cells that hold a time, not a text, are read."""
_Cell = int | float | str | bool | time | date | datetime | timedelta


def workbook_rows(path: Path, sheet: str | None, skip_lines: int) -> Iterator[Row]:
    """The rows of one sheet, without empty ones: the sheet of the map, else the only one that holds anything.

    Raises Unusable.
    """
    try:
        unpacked_bytes = sum(part.file_size for part in zipfile.ZipFile(path).infolist())
        if unpacked_bytes > IMPORT_WORKBOOK_BYTES_MAX:
            raise Unusable(f"{path} unpacks to {unpacked_bytes:,} bytes: save it as CSV first")
        book = CalamineWorkbook.from_path(str(path))
        name = sheet or _only(path, book)
        if name not in book.sheet_names:
            raise Unusable(f"{path} has no sheet {name}; it has {', '.join(book.sheet_names)}")
        for number, cells in enumerate(book.get_sheet_by_name(name).iter_rows(), 1):
            if number > skip_lines and any(cell != "" for cell in cells):
                yield Row(number, [_text(cell) for cell in cells])
    except (CalamineError, zipfile.BadZipFile, OSError) as error:
        raise Unusable(f"{path} is no workbook that can be read (.xlsx): {error}") from None


def _only(path: Path, book: CalamineWorkbook) -> str:
    filled = [name for name in book.sheet_names if book.get_sheet_by_name(name).height]
    if len(filled) > 1:
        raise Unusable(f"{path} has several sheets: name one of {', '.join(filled)} as sheet in the map")
    if not filled:
        raise Unusable(f"{path} is empty")
    return filled[0]


def _text(cell: _Cell) -> str:
    if isinstance(cell, datetime):
        return cell.strftime(TIME_FORMAT)
    if isinstance(cell, date):
        return f"{cell.isoformat()} 00:00:00"
    if isinstance(cell, float):
        # a spreadsheet keeps and shows fifteen digits; longer numbers come out as 1.23456789012346e+18
        return f"{cell:.15g}".upper()
    return str(cell)
