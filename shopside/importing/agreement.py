"""What the rows of one order say of the order as a whole: one thing, or the order is refused.

Exports write the fields of an order on each of its rows, or on one of them and nothing on the others. Both are read.
Rows that say different things, or of which some that speak of the order leave out what others say, are never settled by
the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shopside.importing.amounts import currency_named
from shopside.importing.buyers import email_folded, phone_folded
from shopside.importing.cells import Cells, Wrong
from shopside.importing.findings import Finding, note
from shopside.importing.reading import Row

_IDS: Final = ("buyer_id", "promoter_id", "link_code")
_TIMES: Final = ("paid_at", "completed_at", "cancelled_at")
_AMOUNTS: Final = ("subtotal", "freight", "refunded")
_TEXTS: Final = ("buyer_email", "phone", "device_id", "ip", "region", "province", "city", "county", "detail")
_AGREED: Final = (*_IDS, *_TIMES, *_AMOUNTS, *_TEXTS)
"""Fields that all rows of an order must say alike. Time, currency and status of each row are judged for themselves."""
_ON_EVERY_ROW: Final = ("buyer_id", "buyer_email")
"""Many exports repeat these on rows that say nothing else of the order."""
_ONCE_IS_ENOUGH: Final = ("subtotal", "freight")
"""Amounts that mean the same on one row as on all of them."""
_OF_A_LINE_TOO: Final = ("cancelled_at", "completed_at", "refunded")
"""What can happen to one line of an order without the others."""


@dataclass(slots=True)
class Said:
    """What the rows of one order say of it; amounts in minor units of the import's currency."""

    ids: dict[str, str]
    texts: dict[str, str]
    times: dict[str, datetime]
    minor: dict[str, int]
    placed_at: datetime | None = None


class Agreement:
    """Reads what orders are from all their rows."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._agreed = [name for name in _AGREED if name in cells.columns and name not in cells.layout.per_line]
        self._paid = {status.casefold() for status in cells.layout.paid_statuses}
        judged = ("currency", "status") if self._paid else ("currency",)
        self._read = [*self._agreed, *(name for name in judged if name in cells.columns)]

    def of(self, rows: Sequence[Row], notes: list[Finding]) -> tuple[Said, dict[int, Wrong]]:
        """What the rows say, and what is wrong with some of them, by their number."""
        said = Said({}, {}, {}, {})
        wrong: dict[int, Wrong] = {}
        written = [_Written(row.number, {name: self._text(row, name) for name in self._read}) for row in rows]
        for name in self._agreed:
            self._agree(name, rows, written, said, wrong)
        self._place(rows, said, wrong, notes)
        self._judge_currency(written, wrong)
        if self._paid:
            self._judge_status(written, wrong)
        for name in ("freight", "refunded"):
            times = sum(bool(one.texts.get(name)) for one in written)
            if said.minor.get(name) and times > 1:
                told = f"the same amount stands on {times} rows of the order and counts once; per_line says otherwise"
                notes.append(note(rows[0].number, name, "amount_repeated", told))
        return said, wrong

    def _text(self, row: Row, name: str) -> str:
        return " ".join(self._cells.text(row, name).removeprefix("'").split())

    # --- what all rows say alike ----------------------------------------------------------------------------------

    def _agree(
        self, name: str, rows: Sequence[Row], written: list[_Written], said: Said, wrong: dict[int, Wrong]
    ) -> None:
        filled = [(row, one) for row, one in zip(rows, written, strict=True) if one.texts[name]]
        first: tuple[str, object] | None = None
        for row, one in filled:
            text = one.texts[name]
            try:
                meaning = self._meaning(row, name, text)
            except Wrong as problem:
                wrong.setdefault(row.number, problem)
                continue
            if first is None:
                first = text, meaning
            elif meaning != first[1]:
                wrong.setdefault(row.number, _differs(name))
        for one in self._left_out(name, written):
            wrong.setdefault(one.number, _differs(name))
        if first is not None:
            _keep(name, *first, said)

    def _meaning(self, row: Row, name: str, text: str) -> object:
        cells = self._cells
        if name in _IDS:
            return cells.clean(text, name)
        if name in _TIMES:
            return cells.time(row, text, name)
        if name in _AMOUNTS:
            return cells.minor(text, name)
        if name == "phone":
            return phone_folded(text, cells.layout.phone_region) or text
        return email_folded(text) if name == "buyer_email" else text

    def _left_out(self, name: str, written: list[_Written]) -> list[_Written]:
        """Rows that cannot mean what the others say: they speak of the order, and not of this."""
        empty = [one for one in written if not one.texts[name]]
        if not empty or len(empty) == len(written) or name in _ONCE_IS_ENOUGH or name in _ON_EVERY_ROW:
            return []
        left_out = [one for one in empty if one.speaks]
        if not left_out and name in _OF_A_LINE_TOO:
            return [one for one in written[1:] if one.texts[name] and one.spoken == 1]
        return left_out

    # --- what each row says for itself ----------------------------------------------------------------------------

    def _place(self, rows: Sequence[Row], said: Said, wrong: dict[int, Wrong], notes: list[Finding]) -> None:
        """The earliest of the rows' times is the order's."""
        for row in rows:
            text = self._cells.text(row, "placed_at")
            if not text:
                continue
            try:
                placed_at = self._cells.time(row, text, "placed_at")
            except Wrong as problem:
                wrong.setdefault(row.number, problem)
                continue
            if said.placed_at is not None and placed_at != said.placed_at:
                told = f"rows of this order differ in time; {min(placed_at, said.placed_at).isoformat()} is taken"
                notes.append(note(row.number, "placed_at", "order_time_differs", told))
            said.placed_at = min(placed_at, said.placed_at or placed_at)
        if said.placed_at is None:
            wrong.setdefault(rows[0].number, Wrong("placed_at", "bad_time", "the order has no time"))

    def _judge_currency(self, written: list[_Written], wrong: dict[int, Wrong]) -> None:
        currency = self._cells.currency
        named = {one.number: currency_named(one.texts.get("currency", "")) for one in written}
        stated = {name for name in named.values() if name}
        default = next(iter(stated)) if len(stated) == 1 else currency.named or self._cells.layout.currency
        for number, name in named.items():
            meant = name or default
            if meant and meant != currency.expected:
                wrong.setdefault(number, self._cells.in_another(f"the row is in {meant}"))

    def _judge_status(self, written: list[_Written], wrong: dict[int, Wrong]) -> None:
        """A row without a status is as the others are, unless it speaks of the order."""
        stated = {one.texts["status"].casefold() for one in written if one.texts.get("status")}
        for one in written:
            status = one.texts.get("status", "").casefold()
            silent = not status and bool(stated) and not one.speaks
            if silent and (len(stated) > 1 or stated <= self._paid):
                continue
            if status not in self._paid:
                wrong.setdefault(one.number, Wrong("status", "not_paid", "only paid orders are taken"))


@dataclass(frozen=True, slots=True)
class _Written:
    """What stands in one row about its order."""

    number: int
    texts: dict[str, str]

    @property
    def spoken(self) -> int:
        """How many fields the row fills that stand only where an export speaks of the order."""
        return sum(bool(text) for name, text in self.texts.items() if name not in _ON_EVERY_ROW)

    @property
    def speaks(self) -> bool:
        return self.spoken > 0


def _differs(name: str) -> Wrong:
    if name in _ON_EVERY_ROW:
        return Wrong(name, "order_customer_differs", "other rows of this order name another customer")
    return Wrong(name, "order_differs", f"the rows of this order do not say the same {name}")


def _keep(name: str, text: str, meaning: object, said: Said) -> None:
    if isinstance(meaning, datetime):
        said.times[name] = meaning
    elif isinstance(meaning, int):
        said.minor[name] = meaning
    elif name in _IDS:
        said.ids[name] = str(meaning)
    else:
        said.texts[name] = text
