"""Who bought: the customer number, else a pseudonym of the e-mail address or the phone, whatever their spelling."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import phonenumbers

from shopside.importing.cells import EXCEL_SHORT, NOTHING

_SALTED: Final = {"email": "buyer_email", "phone": "phone"}
"""What stands before the text under the hash; never to be changed, or a repeat would be other buyers."""
_CHINA: Final = 86
_LENT: Final = re.compile(r"[+()\d\s-]*1[3-9]\d{9}\s*(?:-|转|#|,)\s*\d{1,6}")
_DIGITS_MIN: Final = 5
"""Fewer are no phone number but a word for none."""


def pseudonym(kind: str, text: str) -> str:
    """An id that tells nothing of the text it stands for, and is the same wherever the text is."""
    return f"{kind}-{hashlib.sha256(f'{_SALTED[kind]}:{text}'.encode()).hexdigest()[:24]}"


def email_folded(text: str) -> str:
    """One spelling of an e-mail address; empty where there is none."""
    plain = text.strip().removeprefix("'").strip().casefold()
    return "" if plain in NOTHING else plain


def phone_folded(text: str, region: str) -> str:
    """One spelling of a phone number that names one person; empty where the text names nobody.

    Nobody is named by a masked number (``138****0001``), by a number with an extension (marketplaces lend those for one
    order), and by digits that a spreadsheet shortened. Numbers of China are written as they are dialled there, all
    others as E.164; a text that is no possible number stands for itself.
    """
    plain = text.strip().removeprefix("'").strip().casefold()
    if plain in NOTHING or "*" in plain or EXCEL_SHORT.fullmatch(plain) or _LENT.fullmatch(plain):
        return ""
    plain = re.sub(r"\.0+$", "", plain)
    if sum(char.isdigit() for char in plain) < _DIGITS_MIN:
        return ""
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        return plain
    if number.extension:
        return ""
    if not phonenumbers.is_possible_number(number):
        return plain
    if number.country_code == _CHINA:
        return str(phonenumbers.national_significant_number(number))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
