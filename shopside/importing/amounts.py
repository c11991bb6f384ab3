"""Money as exports write it, into whole minor units, exactly: no float ever touches an amount."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.money import ratio_half_up

# ISO 4217: currencies whose minor unit is not a hundredth
_DECIMALS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SIGNS: Final = re.compile(r"[\s\u00a0\u202f£$€¥￥]|[A-Z]{3}")
_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_NUMBER: Final = re.compile(r"(\d+)(?:\.(\d+))?")
_DIGITS_MAX: Final = 30
"""More digits than any amount the contract accepts has; longer texts are not numbers but mistakes."""


class NotANumber(ValueError):
    """The text is not one plain decimal number."""


@dataclass(frozen=True, slots=True)
class Amount:
    """An exact decimal: ``digits`` divided by ten to the power of ``decimals``."""

    digits: int
    decimals: int

    def minor(self, exponent: int, times: int = 1) -> tuple[int, bool]:
        """The absolute amount ``times`` over, in minor units of a currency, rounded half up once; was it rounded?"""
        numerator, denominator = abs(self.digits) * _power(exponent), _power(self.decimals)
        return ratio_half_up(times, numerator, denominator), times * numerator % denominator != 0


def _power(exponent: int) -> int:
    return int(10**exponent)


def exponent_of(currency: str) -> int:
    """The decimals of a currency's minor unit (ISO 4217); raises ValueError for what is no currency code."""
    if not _CURRENCY.fullmatch(currency):
        raise ValueError(f"{currency!r} is not a currency code such as CNY or GBP")
    return _DECIMALS.get(currency, 2)


def read_amount(text: str) -> Amount:
    """A decimal as exports write it: ``1.69``, ``1,234.50``, ``£3``, ``-2.10``, ``(2.10)``; raises NotANumber."""
    plain = _SIGNS.sub("", text)
    negative = plain.startswith("-")
    if negative:
        plain = plain[1:]
    elif plain.startswith("(") and plain.endswith(")"):
        negative, plain = True, plain[1:-1]
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    found = _NUMBER.fullmatch(plain)
    if not found or len(plain) > _DIGITS_MAX or not plain.isascii():
        raise NotANumber(text)
    decimals = found[2] or ""
    digits = int(found[1] + decimals)
    return Amount(-digits if negative else digits, len(decimals))


def read_quantity(text: str) -> int:
    """A whole number, also as ``6.0`` or ``1,200``; raises NotANumber."""
    amount = read_amount(text)
    whole, rest = divmod(abs(amount.digits), _power(amount.decimals))
    if rest:
        raise NotANumber(text)
    return -whole if amount.digits < 0 else whole
