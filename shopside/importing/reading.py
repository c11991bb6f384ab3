"""Files as they come: plain or gzip, and the encoding of their text, said by somebody or guessed and told."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from shopside.importing.findings import Unusable

_CHUNK_BYTES: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
"""How a workbook (.xlsx) begins."""
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMON_CHINESE_PERCENT: Final = 90
"""Chinese text is nearly all of the common characters of its encoding; text misread as Chinese is not."""
_BIG5_COMMON: Final = range(0xA440, 0xC67F)
"""Big5 orders its 5,401 common characters before the others; its punctuation stands before both."""
_BIG5_SIGNS: Final = range(0xA140, 0xA440)


class Encoding(NamedTuple):
    """The encoding of a text and how it is known."""

    name: str
    how: str
    guessed: bool
    """True where other encodings would fit the bytes too."""


class Row(NamedTuple):
    """One record of a file; ``number`` is the line (of a workbook: the row) on which it begins."""

    number: int
    cells: list[str]
    problem: tuple[str, str] | None = None
    """Code and message of what is wrong with the row as a row; its cells are then the best reading of it."""


def head_of(path: Path, size: int = 4) -> bytes:
    """The first bytes of the file, unpacked where it is gzip; raises Unusable."""
    with readable(path), open_bytes(path) as file:
        return file.read(size)


def open_bytes(path: Path) -> IO[bytes]:
    """The file, unpacked where it is gzip; raises Unusable."""
    try:
        with path.open("rb") as file:
            head = file.read(2)
        return cast(IO[bytes], gzip.open(path, "rb")) if head == _GZIP else path.open("rb")
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror or error}") from None


def check_whole(path: Path) -> None:
    """Read a packed file to its end, so that a truncated one is known before anything is sent; raises Unusable."""
    with readable(path), path.open("rb") as file:
        packed = file.read(2) == _GZIP
    if packed:
        for _ in _chunks(path):
            pass


def encoding_of(path: Path) -> Encoding:
    """The encoding of a text: a mark decides; else UTF-8 or UTF-16; else Chinese where it reads as such; else Western.

    ISO 8859-1 is the last resort, which accepts every byte. Raises Unusable.
    """
    head = head_of(path, 1024)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return Encoding(encoding, "a byte order mark says so", guessed=False)
    wide = _without_a_mark(head)
    if wide and _decodes(path, wide):
        return Encoding(wide, "it has zero bytes, as no other text has", guessed=True)
    if _decodes(path, "utf-8"):
        return Encoding("utf-8", "all bytes are valid in it", guessed=False)
    for encoding, common in (("gb18030", _common_in_gb2312), ("big5", _common_in_big5)):
        if _reads_as_chinese(path, encoding, common):
            return Encoding(encoding, "it reads as Chinese in it", guessed=True)
    if _decodes(path, "cp1252"):
        return Encoding("cp1252", "nothing else fits", guessed=True)
    return Encoding("iso-8859-1", "it fits every byte, and nothing else fits these", guessed=True)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Damaged gzip, and bytes that are not of the encoding, make the whole input unusable."""
    try:
        yield
    except (OSError, EOFError, UnicodeError, LookupError) as error:
        raise Unusable(f"{path}: {error}") from error


def _without_a_mark(head: bytes) -> str | None:
    """UTF-16 writes commas, digits and line ends with a zero byte, which no other text has."""
    first, second = head[0::2].count(0), head[1::2].count(0)
    if first == second:
        return None
    return "utf-16-le" if second > first else "utf-16-be"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _reads_as_chinese(path: Path, encoding: str, common_in: Callable[[str], int]) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    foreign = common = 0
    try:
        for chunk in _chunks(path):
            wide = "".join(char for char in decoder.decode(chunk) if ord(char) > 127)
            foreign += len(wide)
            common += common_in(wide)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return common * 100 >= foreign * _COMMON_CHINESE_PERCENT


def _common_in_gb2312(wide: str) -> int:
    return len(wide.encode("gb2312", errors="ignore")) // 2


def _common_in_big5(wide: str) -> int:
    codes = wide.encode("big5", errors="ignore")
    return sum(
        int.from_bytes(codes[place : place + 2]) in _BIG5_COMMON
        or int.from_bytes(codes[place : place + 2]) in _BIG5_SIGNS
        for place in range(0, len(codes), 2)
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with readable(path), open_bytes(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
