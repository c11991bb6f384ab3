"""The cells of a row by what they mean: ids, amounts, quantities, times; or the reason why one cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.limits import ID_CHARS_MAX, LINE_FEN_MAX
from shopside.importing.amounts import Ambiguous, Amount, NotANumber, Numbers, exponent_of
from shopside.importing.layout import Columns, Layout, Places
from shopside.importing.reading import Row
from shopside.importing.times import Times, UnknownZone
from shopside.importing.workbook import TIME_FORMAT

EXCEL_SHORT: Final = re.compile(r"\d(\.\d+)?[eE]\+\d+")
"""What a spreadsheet makes of a long number: its last digits are lost."""
NOTHING: Final = frozenset(("", "nan", "none", "null", "na", "n/a", "#n/a", "\\n", "/", "-", "--"))
_NOTHING_CHARS_MAX: Final = max(map(len, NOTHING))
"""What exports write where there is nothing to say."""
_EXCEL_WHOLE: Final = re.compile(r"(\d+)\.0+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Positions = tuple[tuple[int, ...], ...]


class Wrong(Exception):
    """A cell that cannot be taken."""

    def __init__(self, field_name: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field_name, self.code, self.message = field_name, code, message


@dataclass(frozen=True, slots=True)
class Currency:
    """Which currency an import takes: the brand's, unless the person who imports names another."""

    brand: str
    named: str | None = None

    @property
    def expected(self) -> str:
        """Rows in any other currency are refused."""
        return self.named or self.brand


def clean_id(text: str, field_name: str, width: int = 0) -> str:
    """An id as the contract takes it, with what spreadsheets did to it undone where that can be known.

    ``12345.0`` becomes ``12345``, a leading apostrophe goes, zeros are put back up to ``width``, ``/`` is written
    ``%2F``. Raises the refusal for digits that are lost (``1.23E+12``) and for what can be no id.
    """
    plain = text.strip().removeprefix("'").strip()
    if EXCEL_SHORT.fullmatch(plain):
        raise Wrong(field_name, "excel_digits_lost", "a spreadsheet shortened this number; format it as text first")
    whole = _EXCEL_WHOLE.fullmatch(plain)
    plain = (whole[1] if whole else plain).replace("/", "%2F")
    if plain.isdigit():
        plain = plain.zfill(width)
    if len(plain) > ID_CHARS_MAX or _CONTROL.search(plain):
        raise Wrong(field_name, "bad_id", f"an id has 1 to {ID_CHARS_MAX} characters, none of them a control character")
    return plain


class Cells:
    """Reads the cells of one file by the fields of its map; every method raises Wrong for what cannot be taken."""

    def __init__(
        self, layout: Layout, places: Places, currency: Currency, comma_likely: bool = False, typed_times: bool = False
    ) -> None:
        """``comma_likely``: the file looks like one with decimal commas; ``typed_times``: its cells hold times."""
        self.layout = layout
        self.currency = currency
        self._places = places
        self._constants = layout.constants
        self.columns = {field for field in Columns.model_fields if places[field] or field in layout.constants}
        """Fields that the file or the map says anything of."""
        self._exponent = exponent_of(currency.expected)
        self._numbers = Numbers(layout.decimal_sign or ".", layout.decimal_sign is not None, comma_likely)
        formats = layout.time_formats
        if typed_times and TIME_FORMAT not in formats:
            formats = (*formats, TIME_FORMAT)
        self._times = Times(formats, layout.zone(), layout.zones)

    def text(self, row: Row, field: str) -> str:
        """The first filled cell of a field, else the map's constant."""
        return text_at(row.cells, self._places[field]) or self._constants.get(field, "")

    def order_id(self, row: Row) -> str:
        """The order that a row names; empty where it names none."""
        return self.order_id_of(self.text(row, "order_id"))

    def order_id_of(self, text: str) -> str:
        """An order number as it stands in a cell, without the map's prefix."""
        return self.clean(text.removeprefix(self.layout.order_id_prefix), "order_id")

    def clean(self, text: str, field: str) -> str:
        """A cell as an id."""
        return clean_id(text, field, self.layout.pad.get(field, 0))

    def time(self, row: Row, text: str, field: str) -> datetime:
        """A cell as an instant, in the zone that it, the row or the map names."""
        try:
            return self._times.read(text, self.text(row, "time_zone"))
        except UnknownZone as error:
            raise Wrong(field, "unknown_zone", str(error)) from None
        except ValueError as error:
            raise Wrong(field, "bad_time", str(error)) from None

    def amount(self, text: str, field: str) -> Amount:
        """A cell as an exact decimal in the currency of the import."""
        try:
            amount = self._numbers.amount(text)
        except Ambiguous:
            told = f"{text} may mean two numbers, a thousand times apart: say decimal_sign in the map"
            raise Wrong(field, "ambiguous_number", told) from None
        except NotANumber:
            sign = self._numbers.decimal_sign
            told = f"no number with {sign!r} before its decimals; decimal_sign in the map says another"
            raise Wrong(field, "bad_price", told) from None
        if amount.currencies is not None and self.currency.expected not in amount.currencies:
            raise self.in_another(f"{text} names another currency")
        return amount

    def minor(self, text: str, field: str, either_sign: bool = False) -> int:
        """A cell in minor units, without its sign, within the contract's bounds."""
        amount = self.amount(text, field)
        minor, _ = self.minor_of(amount, field)
        if amount.digits < 0 and not either_sign:
            raise Wrong(field, "out_of_range", "an amount is never negative here")
        return minor

    def minor_of(self, amount: Amount, field: str, times: int = 1) -> tuple[int, bool]:
        """An amount ``times`` over in minor units, without its sign, within the contract's bounds; was it rounded?"""
        minor, was_rounded = amount.minor(self._exponent, times)
        if minor > LINE_FEN_MAX:
            raise Wrong(field, "out_of_range", f"an amount is at most {LINE_FEN_MAX:,} minor units")
        return minor, was_rounded

    def quantity(self, text: str) -> int:
        """A cell as a whole number."""
        try:
            return self._numbers.quantity(text)
        except Ambiguous:
            told = f"{text} may mean two numbers, a thousand times apart: say decimal_sign in the map"
            raise Wrong("quantity", "ambiguous_number", told) from None
        except NotANumber:
            raise Wrong("quantity", "bad_quantity", "not a whole number") from None

    def in_another(self, what: str) -> Wrong:
        """The refusal of what is in another currency."""
        takes = f"the import takes {self.currency.expected}, the brand {self.currency.brand}"
        return Wrong("currency", "currency_differs", f"{what}; {takes}")


def text_at(cells: Sequence[str], positions: Positions) -> str:
    """The first of several columns that says something; one of several headings is their cells with blanks between."""
    for parts in positions:
        text = cells[parts[0]] if len(parts) == 1 else " ".join(filter(None, (cells[place] for place in parts)))
        if text and (len(text) > _NOTHING_CHARS_MAX or text.casefold() not in NOTHING):
            return text
    return ""
