"""Money as exports write it, into whole minor units, exactly: no float ever touches an amount."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from babel.numbers import NumberFormatError, parse_decimal

from core.money import ratio_half_up

DecimalSign = Literal[".", ","]
"""What stands before the decimals; the other one, a blank or an apostrophe may stand between thousands."""

# ISO 4217: currencies whose minor unit is not a hundredth
_DECIMALS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_OTHER_NAMES: Final = {"RMB": "CNY", "CNH": "CNY", "人民币": "CNY", "元": "CNY"}
_DOLLARS: Final = frozenset(("USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD"))
_SIGNS: Final = {
    "¥": frozenset(("CNY", "JPY")),
    "￥": frozenset(("CNY", "JPY")),
    "円": frozenset(("JPY",)),
    "€": frozenset(("EUR",)),
    "£": frozenset(("GBP",)),
    "₩": frozenset(("KRW",)),
    "₹": frozenset(("INR",)),
    "$": _DOLLARS,
    "US$": frozenset(("USD",)),
    "HK$": frozenset(("HKD",)),
    "NT$": frozenset(("TWD",)),
    "AU$": frozenset(("AUD",)),
    "A$": frozenset(("AUD",)),
    "CA$": frozenset(("CAD",)),
    "C$": frozenset(("CAD",)),
    "S$": frozenset(("SGD",)),
    "NZ$": frozenset(("NZD",)),
    "MX$": frozenset(("MXN",)),
    "CN¥": frozenset(("CNY",)),
    "JP¥": frozenset(("JPY",)),
}
_PARTS: Final = re.compile(r"([^\d.,]*?)([\d.,][\d.,'’\s]*?)([^\d.,]*)")
_BLANKS: Final = re.compile(r"\s+")
_PLAIN: Final = {".": re.compile(r"\d+(?:\.\d+)?"), ",": re.compile(r"\d+(?:,\d+)?")}
_MAYBE_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_LOCALES: Final = {".": "en_US", ",": "de_DE"}
_GROUPS: Final = {".": ",", ",": "."}
_DIGITS_MAX: Final = 30
"""More digits than any amount the contract accepts has; longer texts are not numbers but mistakes."""


class NotANumber(ValueError):
    """The text is not one plain decimal number."""


class Ambiguous(NotANumber):
    """The text is a number of two meanings, a thousand times apart."""


@dataclass(frozen=True, slots=True)
class Amount:
    """An exact decimal: ``digits`` divided by ten to the power of ``decimals``."""

    digits: int
    decimals: int
    currencies: frozenset[str] | None = None
    """Currencies that the text may name; None where it names none."""

    def minor(self, exponent: int, times: int = 1) -> tuple[int, bool]:
        """The absolute amount ``times`` over, in minor units of a currency, rounded half up once; was it rounded?"""
        numerator, denominator = abs(self.digits) * _power(exponent), _power(self.decimals)
        return ratio_half_up(times, numerator, denominator), times * numerator % denominator != 0


@dataclass(frozen=True, slots=True)
class Numbers:
    """How the numbers of one file are written."""

    decimal_sign: DecimalSign = "."
    certain: bool = True
    """False where nobody said so: a number that would be a thousand times another under the other sign is refused."""
    comma_likely: bool = False
    """True where the file separates its columns by semicolons, as programs do that write decimals with a comma."""

    def amount(self, text: str) -> Amount:
        """A decimal as exports write it: ``1.69``, ``1,234.50``, ``£3``, ``US$ 2``, ``-2.10``, ``(2.10)``, ``12 EUR``.

        Raises NotANumber, and Ambiguous where the two signs make two numbers.
        """
        negative, named, plain = (False, None, text) if _PLAIN["."].fullmatch(text) else _taken_apart(text)
        if len(plain) > _DIGITS_MAX or not plain.isascii():
            raise NotANumber(text)
        if not self.certain and _MAYBE_THOUSANDS.fullmatch(plain) and (self.comma_likely or "." in plain):
            raise Ambiguous(text)
        whole, decimals = self._whole_and_decimals(plain, text)
        digits = int(whole + decimals)
        return Amount(-digits if negative else digits, len(decimals), named)

    def quantity(self, text: str) -> int:
        """A whole number, also as ``6.0`` or ``1,200``; raises NotANumber."""
        amount = self.amount(text)
        whole, rest = divmod(abs(amount.digits), _power(amount.decimals))
        if rest or amount.currencies is not None:
            raise NotANumber(text)
        return -whole if amount.digits < 0 else whole

    def _whole_and_decimals(self, plain: str, text: str) -> tuple[str, str]:
        if _PLAIN[self.decimal_sign].fullmatch(plain):
            whole, _, decimals = plain.partition(self.decimal_sign)
            return whole, decimals
        # with thousands: the rules of grouping are the locale's
        if _GROUPS[self.decimal_sign] not in plain:
            raise NotANumber(text)
        try:
            number: Decimal = parse_decimal(plain, locale=_LOCALES[self.decimal_sign], strict=True)
        except NumberFormatError:
            raise NotANumber(text) from None
        whole, _, decimals = f"{number:f}".partition(".")
        return whole, decimals


def _power(exponent: int) -> int:
    return int(10**exponent)


def exponent_of(currency: str) -> int:
    """The decimals of a currency's minor unit (ISO 4217); raises ValueError for what is no currency code."""
    if not _CURRENCY.fullmatch(currency):
        raise ValueError(f"{currency!r} is not a currency code such as CNY or GBP")
    return _DECIMALS.get(currency, 2)


def currency_named(text: str) -> str:
    """The code of a currency as a column names it: ``cny``, ``RMB`` and ``人民币`` are CNY."""
    plain = text.strip().upper()
    return _OTHER_NAMES.get(plain, plain)


def _taken_apart(text: str) -> tuple[bool, frozenset[str] | None, str]:
    """Is it negative, which currencies does it name, and the digits with their signs; raises NotANumber."""
    plain = text.strip()
    negative = plain.startswith("(") and plain.endswith(")")
    if negative:
        plain = plain[1:-1]
    found = _PARTS.fullmatch(plain)
    if not found:
        raise NotANumber(text)
    before, after = (_BLANKS.sub("", part).replace("−", "-") for part in (found[1], found[3]))
    if before.startswith("-") or before.endswith("-"):
        if negative:
            raise NotANumber(text)
        negative, before = True, before.removeprefix("-") if before.startswith("-") else before.removesuffix("-")
    named: frozenset[str] | None = None
    for sign in (before, after):
        if not sign:
            continue
        codes = _codes(sign)
        named = codes if named is None else named & codes
        if not named:
            raise NotANumber(text)
    return negative, named, _grouped(found[2].strip(), text)


def _codes(sign: str) -> frozenset[str]:
    """The currencies that a sign or a code may mean, or a code with its sign; empty where it is neither."""
    plain = sign.upper()
    if plain in _SIGNS:
        return _SIGNS[plain]
    if plain[3:] in _SIGNS:
        return _codes(plain[:3]) & _SIGNS[plain[3:]]
    code = _OTHER_NAMES.get(plain, plain)
    return frozenset((code,)) if _CURRENCY.fullmatch(code) else frozenset()


def _grouped(digits: str, text: str) -> str:
    """Blanks and apostrophes between thousands become the other sign, so that one rule judges all groups."""
    if digits.isascii() and "'" not in digits and " " not in digits:
        return digits
    parts = re.split(r"['’\s]", digits)
    if any(not re.fullmatch(r"\d{3}", part) for part in parts[1:-1]) or not re.match(r"\d{3}(?!\d)", parts[-1]):
        raise NotANumber(text)
    if not re.fullmatch(r"[1-9]\d{0,2}", parts[0]):
        raise NotANumber(text)
    return "".join(parts)
