"""From rows to orders: rows are grouped, read and judged; every row becomes part of an order or a finding.

An order is taken whole or not at all: when one of its rows cannot be read, the others are refused with it, so that the
corrected file can simply be imported again. Pure: no file, no clock, no network.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.limits import ID_CHARS_MAX, LINE_FEN_MAX, LINES_PER_ORDER_MAX, QUANTITY_MAX
from core.money import Money
from shopside.importing.amounts import Amount, NotANumber, exponent_of, read_amount, read_quantity
from shopside.importing.findings import Finding, note, refused
from shopside.importing.layout import Layout, Places
from shopside.importing.reading import Row

_ORDER_FIELDS: Final = (
    "buyer_id", "buyer_email", "phone", "status", "paid_at", "completed_at", "cancelled_at", "currency", "subtotal",
    "freight", "refunded", "promoter_id", "link_code", "device_id", "ip", "region", "province", "city", "county",
    "detail",
)  # fmt: skip
_EXCEL_WHOLE: Final = re.compile(r"(\d+)\.0+")
_EXCEL_SHORT: Final = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BLANKS: Final = re.compile(r"[\x00-\x1f\x7f\s]+")
_NONE: Final = frozenset(("", "nan", "none", "null", "na", "n/a", "#n/a"))


class Line(NamedTuple):
    """One line of an order as it will be sent; money in minor units."""

    line_id: str
    product_id: str
    category: str
    quantity: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """One sale. ``refunded_minor`` is what the export says was given back without saying for which line."""

    order_id: str
    buyer_id: str
    placed_at: datetime
    paid_at: datetime
    completed_at: datetime | None
    cancelled_at: datetime | None
    lines: tuple[Line, ...]
    freight_minor: int
    refunded_minor: int
    texts: dict[str, str]
    """What else the export says: promoter, region, phone, address."""
    rows: tuple[int, ...]


class Return(NamedTuple):
    """Goods that came back, not yet matched to a sale."""

    return_id: str
    buyer_id: str | None
    product_id: str
    quantity: int
    value_minor: int
    returned_at: datetime
    row: int


@dataclass(frozen=True, slots=True)
class Currency:
    """Which currency an import takes: the brand's, unless the person who imports names another."""

    brand: str
    named: str | None = None

    @property
    def expected(self) -> str:
        """Rows in any other currency are refused."""
        return self.named or self.brand


class _Entry(NamedTuple):
    row: int
    product_id: str
    category: str
    quantity: int
    value_minor: int


@dataclass(slots=True)
class _Draft:
    rows: list[int] = field(default_factory=list)
    entries: list[_Entry] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    placed_at: datetime | None = None
    refused_rows: set[int] = field(default_factory=set)
    notes: list[Finding] = field(default_factory=list)
    """Told only when the order is taken."""


class _Wrong(Exception):
    """A cell that cannot be taken."""

    def __init__(self, field_name: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field_name, self.code, self.message = field_name, code, message


def clean_id(text: str, field_name: str, width: int = 0) -> str:
    """An id as the contract takes it, with what spreadsheets did to it undone where that can be known.

    ``12345.0`` becomes ``12345``, a leading apostrophe goes, zeros are put back up to ``width``, ``/`` is written
    ``%2F``. Raises the refusal for digits that are lost (``1.23E+12``) and for what can be no id.
    """
    plain = text.strip().removeprefix("'").strip()
    if _EXCEL_SHORT.fullmatch(plain):
        raise _Wrong(field_name, "excel_digits_lost", "a spreadsheet shortened this number; format it as text first")
    whole = _EXCEL_WHOLE.fullmatch(plain)
    plain = (whole[1] if whole else plain).replace("/", "%2F")
    if plain.isdigit():
        plain = plain.zfill(width)
    if len(plain) > ID_CHARS_MAX or _CONTROL.search(plain):
        raise _Wrong(
            field_name, "bad_id", f"an id has 1 to {ID_CHARS_MAX} characters, none of them a control character"
        )
    return plain


class OrderReader:
    """Takes rows one by one, then gives orders and returns; what it cannot take goes to ``findings``."""

    def __init__(self, layout: Layout, places: Places, currency: Currency, findings: list[Finding]) -> None:
        self._layout = layout
        self._zone = layout.zone()
        self._places = places
        self._currency = currency
        self._exponent = exponent_of(currency.expected)
        self._findings = findings
        self._drafts: dict[str, _Draft] = {}
        self._notes: list[Finding] = []
        self._times: dict[str, datetime] = {}
        self._order_places = [(name, places[name]) for name in _ORDER_FIELDS if places[name]]
        self._freight = {product.casefold() for product in layout.freight_products}
        self._ignored = {product.casefold() for product in layout.ignored_products}
        self._paid = {status.casefold() for status in layout.paid_statuses}

    # --- rows -----------------------------------------------------------------------------------------------------

    def add(self, row: Row) -> None:
        """Take one row."""
        try:
            order_id = clean_id(
                self._cell(row, "order_id").removeprefix(self._layout.order_id_prefix),
                "order_id",
                self._layout.pad.get("order_id", 0),
            )
            if not order_id:
                raise _Wrong("order_id", "missing_order_id", "the row names no order")
        except _Wrong as wrong:
            self._refuse(row.number, wrong)
            return
        draft = self._drafts.get(order_id)
        if draft is None:
            draft = self._drafts[order_id] = _Draft()
        draft.rows.append(row.number)
        self._notes = draft.notes
        try:
            self._read_order_fields(draft, row)
            draft.entries.append(self._entry(row, self._marked(order_id)))
        except _Wrong as wrong:
            self._refuse(row.number, wrong)
            draft.refused_rows.add(row.number)

    def _read_order_fields(self, draft: _Draft, row: Row) -> None:
        for name, positions in self._order_places:
            text = _first(row.cells, positions)
            if text and draft.texts.setdefault(name, text) != text and name == "buyer_id":
                raise _Wrong(name, "order_customer_differs", "other rows of this order name another customer")
        text = self._cell(row, "placed_at")
        if not text:
            if draft.placed_at is None:
                raise _Wrong("placed_at", "bad_time", "the order has no time")
            return
        placed_at = self._time(text, "placed_at")
        if draft.placed_at is not None and placed_at != draft.placed_at:
            told = f"rows of this order differ in time; {min(placed_at, draft.placed_at).isoformat()} is taken"
            self._notes.append(note(row.number, "placed_at", "order_time_differs", told))
        draft.placed_at = min(placed_at, draft.placed_at or placed_at)

    def _entry(self, row: Row, marked: bool) -> _Entry:
        product_id = clean_id(self._cell(row, "product_id"), "product_id", self._layout.pad.get("product_id", 0))
        if not product_id:
            raise _Wrong("product_id", "missing_product", "the row names no product")
        try:
            quantity = read_quantity(self._cell(row, "quantity"))
        except NotANumber:
            raise _Wrong("quantity", "bad_quantity", "not a whole number") from None
        if quantity == 0:
            raise _Wrong("quantity", "zero_quantity", "nothing was sold")
        if marked and quantity > 0:
            raise _Wrong("quantity", "bad_quantity", "a cancellation has negative quantities")
        price = self._amount(row, "unit_price")
        if price.digits < 0:
            raise _Wrong("unit_price", "negative_price", "a price is never negative; returns have negative quantities")
        value_minor, was_rounded = price.minor(self._exponent, times=abs(quantity))
        if was_rounded:
            told = f"the line's total has a part of a minor unit; rounded half up to {value_minor}"
            self._notes.append(note(row.number, "unit_price", "rounded", told))
        if self._places["line_discount"] and self._cell(row, "line_discount"):
            discount_minor, _ = self._amount(row, "line_discount").minor(self._exponent)
            if discount_minor > value_minor:
                raise _Wrong("line_discount", "discount_above_price", "the discount is larger than the line")
            value_minor -= discount_minor
        if abs(quantity) > QUANTITY_MAX:
            raise _Wrong("quantity", "out_of_range", f"more than {QUANTITY_MAX:,} pieces")
        if value_minor > LINE_FEN_MAX:
            raise _Wrong("unit_price", "out_of_range", f"a line of more than {LINE_FEN_MAX:,} minor units")
        category = self._cell(row, "category") or self._layout.category
        return _Entry(row.number, product_id, category, quantity, value_minor)

    # --- orders ---------------------------------------------------------------------------------------------------

    def finish(self) -> tuple[list[Order], list[Return]]:
        """The orders and returns of all rows taken, in the order of the file."""
        orders: list[Order] = []
        returns: list[Return] = []
        for order_id, draft in self._drafts.items():
            if draft.refused_rows:
                for row in draft.rows:
                    if row not in draft.refused_rows:
                        told = f"row {min(draft.refused_rows)} of the same order was refused"
                        self._findings.append(refused(row, "order_id", "order_incomplete", told))
                continue
            self._notes = draft.notes
            try:
                self._finish_one(order_id, draft, orders, returns)
                self._findings += draft.notes
            except _Wrong as wrong:
                for row in draft.rows:
                    self._refuse(row, wrong)
        self._drafts.clear()
        return orders, returns

    def _finish_one(self, order_id: str, draft: _Draft, orders: list[Order], returns: list[Return]) -> None:
        placed_at, texts = draft.placed_at, draft.texts
        assert placed_at is not None, "an order whose first row has no time was refused"
        self._check_currency(texts)
        if self._paid and texts.get("status", "").casefold() not in self._paid:
            raise _Wrong("status", "not_paid", "only paid orders are taken")
        buyer_id = self._buyer(texts)
        goods, taken_back, freight_minor = [], [], 0
        for entry in draft.entries:
            if entry.quantity < 0:
                taken_back.append(self._return(order_id, buyer_id, placed_at, entry))
            elif entry.product_id.casefold() in self._ignored:
                self._findings.append(
                    refused(entry.row, "product_id", "not_goods", "a fee or charge of the shop's own, not a sale")
                )
            elif entry.product_id.casefold() in self._freight:
                freight_minor += entry.value_minor
            else:
                goods.append(entry)
        freight_rows = [entry.row for entry in draft.entries if self._is_freight(entry)]
        if len(goods) > LINES_PER_ORDER_MAX:
            raise _Wrong(
                "order_id", "too_many_lines", f"{len(goods)} lines; an order has at most {LINES_PER_ORDER_MAX}"
            )
        freight_rows = [entry.row for entry in draft.entries if self._is_freight(entry)]
        if goods:
            orders.append(self._order(order_id, buyer_id, placed_at, texts, goods, freight_minor, freight_rows))
        else:
            told = "an order of freight alone has no line to take"
            self._findings += [refused(row, "product_id", "freight_only", told) for row in freight_rows]
        returns += [one for one in taken_back if one]

    def _order(
        self,
        order_id: str,
        buyer_id: str | None,
        placed_at: datetime,
        texts: dict[str, str],
        goods: list[_Entry],
        freight_minor: int,
        freight_rows: list[int],
    ) -> Order:
        if texts.get("freight"):
            freight_minor += self._minor(texts["freight"], "freight")
        if buyer_id is None:
            buyer_id = clean_id(f"guest-{order_id}", "buyer_id")
            told = f"the order has no customer; its buyer is {buyer_id}"
            self._notes.append(note(goods[0].row, "buyer_id", "guest_buyer", told))
        lines = self._lines(goods, texts)
        if not any(line.paid_minor for line in lines):
            told = "every line costs nothing; taken, and nothing is earned by it"
            self._notes.append(note(goods[0].row, "unit_price", "zero_order", told))
        paid_at = self._time(texts["paid_at"], "paid_at") if texts.get("paid_at") else placed_at
        return Order(
            order_id=order_id,
            buyer_id=buyer_id,
            placed_at=placed_at,
            paid_at=paid_at,
            completed_at=self._completed_at(texts, paid_at),
            cancelled_at=self._time(texts["cancelled_at"], "cancelled_at") if texts.get("cancelled_at") else None,
            lines=lines,
            freight_minor=freight_minor,
            refunded_minor=self._minor(texts["refunded"], "refunded") if texts.get("refunded") else 0,
            texts=self._sent_texts(texts, goods[0].row),
            rows=(*(entry.row for entry in goods), *freight_rows),
        )

    def _is_freight(self, entry: _Entry) -> bool:
        return entry.quantity > 0 and entry.product_id.casefold() in self._freight

    def _return(self, order_id: str, buyer_id: str | None, at: datetime, entry: _Entry) -> Return | None:
        if entry.product_id.casefold() in self._freight:
            told = "freight earns no commission; its return changes nothing in the books"
            self._findings.append(refused(entry.row, "product_id", "freight_return", told))
            return None
        if entry.product_id.casefold() in self._ignored:
            self._findings.append(
                refused(entry.row, "product_id", "not_goods", "a fee or charge of the shop's own, not a return")
            )
            return None
        if entry.value_minor == 0:
            told = "nothing was paid, so nothing goes back; corrections of stock look like this"
            self._findings.append(refused(entry.row, "unit_price", "zero_return", told))
            return None
        if not self._marked(order_id):
            told = "a negative quantity without a cancellation mark; treated as a return"
            self._notes.append(note(entry.row, "quantity", "return_unmarked", told))
        return Return(order_id, buyer_id, entry.product_id, -entry.quantity, entry.value_minor, at, entry.row)

    def _lines(self, goods: list[_Entry], texts: dict[str, str]) -> tuple[Line, ...]:
        # sorted by what the lines say, so that the same order in another row order is the same content
        ordered = sorted(goods, key=lambda entry: (entry.product_id, entry.value_minor, entry.quantity))
        paid = [entry.value_minor for entry in ordered]
        if texts.get("subtotal"):
            paid = self._after_order_discount(paid, texts["subtotal"], min(entry.row for entry in goods))
        lines = []
        seen: dict[str, int] = {}
        for entry, paid_minor in zip(ordered, paid, strict=True):
            seen[entry.product_id] = times = seen.get(entry.product_id, 0) + 1
            line_id = clean_id(entry.product_id if times == 1 else f"{entry.product_id}~{times}", "product_id")
            lines.append(Line(line_id, entry.product_id, entry.category, entry.quantity, paid_minor))
        return tuple(lines)

    def _after_order_discount(self, paid: list[int], subtotal: str, row: int) -> list[int]:
        subtotal_minor = self._minor(subtotal, "subtotal")
        gross_minor = sum(paid)
        if subtotal_minor == gross_minor:
            return paid
        if subtotal_minor > gross_minor:
            told = f"the subtotal is {subtotal_minor}, the lines sum to {gross_minor}; the lines are taken as they are"
            self._notes.append(note(row, "subtotal", "subtotal_differs", told))
            return paid
        told = f"a discount of {gross_minor - subtotal_minor} on the whole order is spread over its lines"
        self._notes.append(note(row, "subtotal", "discount_spread", told))
        return [part.minor for part in Money(subtotal_minor, self._currency.expected).split(paid)]

    def _buyer(self, texts: dict[str, str]) -> str | None:
        if texts.get("buyer_id", "").casefold() not in _NONE:
            return clean_id(texts["buyer_id"], "buyer_id", self._layout.pad.get("buyer_id", 0))
        # personal fields never become ids in clear
        for name in ("buyer_email", "phone"):
            plain = texts.get(name, "").strip().casefold()
            if plain not in _NONE and not _EXCEL_SHORT.fullmatch(plain):
                digest = hashlib.sha256(f"{name}:{plain.removeprefix(chr(39))}".encode()).hexdigest()
                return f"{name.removeprefix('buyer_')}-{digest[:24]}"
        return None

    def _completed_at(self, texts: dict[str, str], paid_at: datetime) -> datetime | None:
        days = self._layout.completed_after_days
        if self._places["completed_at"]:
            if not texts.get("completed_at"):
                return None
            return self._time(texts["completed_at"], "completed_at") + timedelta(days=days or 0)
        return paid_at + timedelta(days=days) if days is not None else None

    def _sent_texts(self, texts: dict[str, str], row: int) -> dict[str, str]:
        sent = {}
        for name in ("promoter_id", "link_code"):
            if texts.get(name, "").casefold() not in _NONE:
                sent[name] = clean_id(texts[name], name, self._layout.pad.get(name, 0))
        for name in ("device_id", "ip", "region", "phone", "province", "city", "county", "detail"):
            text = _BLANKS.sub(" ", texts.get(name, "")).strip().removeprefix("'")
            if name == "phone" and _EXCEL_SHORT.fullmatch(text):
                told = "a spreadsheet shortened this number; the order is taken without it"
                self._notes.append(note(row, "phone", "excel_digits_lost", told))
            elif text.casefold() not in _NONE:
                sent[name] = text
        return sent

    # --- cells ----------------------------------------------------------------------------------------------------

    def _check_currency(self, texts: dict[str, str]) -> None:
        stated = texts.get("currency", "").upper() or self._currency.named or self._layout.currency
        if stated and stated != self._currency.expected:
            raise _Wrong(
                "currency",
                "currency_differs",
                f"the amount is in {stated}, the brand keeps its books in {self._currency.brand}",
            )

    def _marked(self, order_id: str) -> bool:
        prefix = self._layout.cancellation_prefix
        return bool(prefix) and order_id.upper().startswith(prefix)

    def _cell(self, row: Row, name: str) -> str:
        return _first(row.cells, self._places[name])

    def _amount(self, row: Row, name: str) -> Amount:
        try:
            return read_amount(self._cell(row, name))
        except NotANumber:
            raise _Wrong(name, "bad_price", "not a decimal number") from None

    def _minor(self, text: str, name: str) -> int:
        try:
            amount = read_amount(text)
        except NotANumber:
            raise _Wrong(name, "bad_price", "not a decimal number") from None
        minor, _ = amount.minor(self._exponent)
        if amount.digits < 0 or minor > LINE_FEN_MAX:
            raise _Wrong(name, "out_of_range", f"an amount lies between 0 and {LINE_FEN_MAX:,} minor units")
        return minor

    def _time(self, text: str, name: str) -> datetime:
        known = self._times.get(text)
        if known is not None:
            return known
        for time_format in self._layout.time_formats:
            try:
                at = datetime.strptime(text, time_format)  # noqa: DTZ007 - the zone is added below
            except ValueError:
                continue
            if at.tzinfo is None:
                at = at.replace(tzinfo=self._zone)
            self._times[text] = at
            return at
        raise _Wrong(name, "bad_time", f"the time is not written as {' or '.join(self._layout.time_formats)}")

    def _refuse(self, row: int, wrong: _Wrong) -> None:
        self._findings.append(refused(row, wrong.field_name, wrong.code, wrong.message))


def read_orders(
    rows: Iterable[Row], layout: Layout, places: Places, currency: Currency, findings: list[Finding]
) -> tuple[list[Order], list[Return]]:
    """All orders and returns of the rows (headings not among them); remarks are added to the findings."""
    reader = OrderReader(layout, places, currency, findings)
    for row in rows:
        reader.add(row)
    return reader.finish()


def _first(cells: list[str], positions: tuple[int, ...]) -> str:
    for position in positions:
        text = cells[position].strip()
        if text:
            return text
    return ""
