"""Files as they come: plain or gzip, in one of three encodings, row by row with line numbers."""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from core.limits import IMPORT_ROW_BYTES_MAX, IMPORT_ROWS_MAX
from shopside.importing.findings import Finding, Unusable, note, refused
from shopside.importing.layout import delimiter_of

_CHUNK_BYTES: Final = 1 << 20
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMON_CHINESE_PERCENT: Final = 90
"""Chinese text is nearly all of the common characters of GB 2312; Western text misread as Chinese is not."""


class Row(NamedTuple):
    """One record of a file; ``number`` is the line on which it begins."""

    number: int
    cells: list[str]


def open_bytes(path: Path) -> IO[bytes]:
    """The file, unpacked where it is gzip; raises Unusable."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head.startswith(_ZIP):
            raise Unusable(f"{path} is a workbook or archive: save it as CSV first")
        return cast(IO[bytes], gzip.open(path, "rb")) if head.startswith(_GZIP) else path.open("rb")
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror or error}") from None


def encoding_of(path: Path) -> str:
    """The encoding of a text: a mark decides; else UTF-8, else GB 18030 if it reads as Chinese, else Windows-1252.

    ISO 8859-1 is the last resort, which accepts every byte. Raises Unusable.
    """
    with open_bytes(path) as file:
        head = file.read(4)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if _decodes(path, "utf-8"):
        return "utf-8"
    if _reads_as_chinese(path):
        return "gb18030"
    return "cp1252" if _decodes(path, "cp1252") else "iso-8859-1"


def rows_of(path: Path, encoding: str, findings: list[Finding]) -> Iterator[Row]:
    """The records of a CSV file, the headings first; rows that do not fit the headings go to the findings.

    Raises Unusable.
    """
    csv.field_size_limit(IMPORT_ROW_BYTES_MAX)
    with readable(path), TextIOWrapper(open_bytes(path), encoding=encoding, newline="") as text:
        first = text.readline()
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter_of(first))
        width, count = 0, 0
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                findings.append(refused(number, "", "bad_row", str(error)))
                continue
            if not cells:
                continue
            if not width:
                width = len(cells)
            elif not any(cell.strip() for cell in cells):
                findings.append(note(number, "", "empty_row", "all cells are empty; nothing to take"))
                continue
            elif len(cells) != width:
                code = "too_many_cells" if len(cells) > width else "too_few_cells"
                findings.append(refused(number, "", code, f"{len(cells)} cells under {width} headings"))
                continue
            count += 1
            if count > IMPORT_ROWS_MAX:
                raise Unusable(f"{path} has more than {IMPORT_ROWS_MAX:,} rows: split it, for example by year")
            yield Row(number, cells)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Damaged gzip, and bytes that are not of the encoding a map names, make the whole input unusable."""
    try:
        yield
    except (OSError, EOFError, UnicodeError, LookupError) as error:
        raise Unusable(f"{path}: {error}") from error


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _reads_as_chinese(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("gb18030")()
    foreign = common = 0
    try:
        for chunk in _chunks(path):
            wide = [char for char in decoder.decode(chunk) if ord(char) > 127]
            foreign += len(wide)
            common += len("".join(wide).encode("gb2312", errors="ignore")) // 2
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return common * 100 >= foreign * _COMMON_CHINESE_PERCENT


def _chunks(path: Path) -> Iterator[bytes]:
    with readable(path), open_bytes(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
