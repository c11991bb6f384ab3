"""From the rows of one order to the order, its refunds and its returns; whole, or not at all.

When one of its rows cannot be taken, the others are refused with it, so that the corrected file can simply be imported
again. Every row becomes part of what is taken or a remark. Pure: no file, no clock, no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.limits import LINE_FEN_MAX, LINES_PER_ORDER_MAX, QUANTITY_MAX
from core.money import Money
from shopside.importing.agreement import Agreement, Said
from shopside.importing.buyers import email_folded, phone_folded, pseudonym
from shopside.importing.cells import EXCEL_SHORT, Cells, Wrong, clean_id
from shopside.importing.findings import Finding, Remarks, note, refused
from shopside.importing.reading import Row
from shopside.importing.refund_rows import RefundReader
from shopside.importing.sales import Line, Order, Refund, Return

_SENT: Final = ("device_id", "ip", "region", "phone", "province", "city", "county", "detail")


class _Entry(NamedTuple):
    row: int
    product_id: str
    category: str
    quantity: int
    value_minor: int
    refunded_minor: int
    freight_minor: int


@dataclass(slots=True)
class Judged:
    """What became of the rows of one order number."""

    order: Order | None = None
    returns: list[Return] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)


class OrderReader:
    """Judges orders one by one; what it cannot take goes to ``remarks``."""

    def __init__(self, cells: Cells, refund_rows: RefundReader | None, remarks: Remarks) -> None:
        self._cells = cells
        self._layout = cells.layout
        self._refund_rows = refund_rows
        self._remarks = remarks
        self._agreement = Agreement(cells)
        self._notes: list[Finding] = []
        self._freight = {product.casefold() for product in self._layout.freight_products}
        self._ignored = {product.casefold() for product in self._layout.ignored_products}

    def judge(self, order_id: str, rows: Sequence[Row], spoilt_by: int | None = None) -> Judged:
        """The order that these rows make; ``spoilt_by`` is a row of it that has been refused already."""
        self._notes = []
        wrong: dict[int, Wrong] = {}
        refunds: list[Refund] = []
        entries: list[_Entry] = []
        of_order = [row for row in rows if not (self._refund_rows and self._refund_rows.is_one(row))]
        said, wrong = self._agreement.of(of_order, self._notes) if of_order else (None, {})
        for row in rows:
            try:
                if self._refund_rows and self._refund_rows.is_one(row):
                    refunds.append(self._refund_rows.read(order_id, row))
                else:
                    entries.append(self._entry(row, self._marked(order_id)))
            except Wrong as problem:
                wrong.setdefault(row.number, problem)
        if wrong or spoilt_by is not None:
            self._refuse(rows, wrong, spoilt_by)
            return Judged()
        judged = Judged(refunds=refunds)
        try:
            if said is not None:
                self._finish(order_id, said, entries, judged)
        except Wrong as problem:
            self._refuse(rows, dict.fromkeys((row.number for row in rows), problem), None)
            return Judged()
        self._remarks.extend(self._notes)
        return judged

    def _refuse(self, rows: Sequence[Row], wrong: dict[int, Wrong], spoilt_by: int | None) -> None:
        culprit = min(wrong) if wrong else spoilt_by
        for row in rows:
            problem = wrong.get(row.number)
            if problem is None:
                told = f"row {culprit} of the same order was refused"
                problem = Wrong("order_id", "order_incomplete", told)
            self._remarks.append(refused(row.number, problem.field_name, problem.code, problem.message))

    # --- lines ----------------------------------------------------------------------------------------------------

    def _entry(self, row: Row, marked: bool) -> _Entry:
        cells = self._cells
        product_id = cells.clean(cells.text(row, "product_id"), "product_id")
        if not product_id:
            raise Wrong("product_id", "missing_product", "the row names no product")
        quantity = cells.quantity(cells.text(row, "quantity"))
        if quantity == 0:
            raise Wrong("quantity", "zero_quantity", "nothing was sold")
        if marked and quantity > 0:
            raise Wrong("quantity", "bad_quantity", "a cancellation has negative quantities")
        if abs(quantity) > QUANTITY_MAX:
            raise Wrong("quantity", "out_of_range", f"more than {QUANTITY_MAX:,} pieces")
        value_minor = self._value(row, quantity)
        discount = cells.text(row, "line_discount")
        if discount:
            discount_minor = cells.minor(discount, "line_discount", either_sign=True)
            if discount_minor > value_minor:
                raise Wrong("line_discount", "discount_above_price", "the discount is larger than the line")
            value_minor -= discount_minor
        category = cells.text(row, "category") or self._layout.category
        return _Entry(
            row.number,
            product_id,
            category,
            quantity,
            value_minor,
            self._of_the_line(row, "refunded"),
            self._of_the_line(row, "freight"),
        )

    def _value(self, row: Row, quantity: int) -> int:
        """What the line costs before its discount."""
        cells = self._cells
        name, times = ("line_total", 1) if self._layout.columns.line_total else ("unit_price", abs(quantity))
        amount = cells.amount(cells.text(row, name), name)
        # the total of a return may carry its sign; a price never does
        if amount.digits < 0 and not (name == "line_total" and quantity < 0):
            raise Wrong(name, "negative_price", "a price is never negative; returns have negative quantities")
        value_minor, was_rounded = cells.minor_of(amount, name, times)
        if was_rounded:
            told = f"the line's total has a part of a minor unit; rounded half up to {value_minor} of them"
            self._notes.append(note(row.number, name, "rounded", told))
        return value_minor

    def _of_the_line(self, row: Row, name: str) -> int:
        text = self._cells.text(row, name) if name in self._layout.per_line else ""
        return self._cells.minor(text, name) if text else 0

    # --- the order ------------------------------------------------------------------------------------------------

    def _finish(self, order_id: str, said: Said, entries: list[_Entry], judged: Judged) -> None:
        assert said.placed_at is not None, "an order without a time was refused"
        buyer_id = self._buyer(said)
        goods: list[_Entry] = []
        freight: list[_Entry] = []
        for entry in entries:
            product = entry.product_id.casefold()
            if product in self._ignored:
                told = "a fee or charge of the shop's own, no sale and no return"
                self._notes.append(refused(entry.row, "product_id", "not_goods", told))
            elif entry.quantity < 0:
                returned = self._return(order_id, buyer_id, said.placed_at, entry)
                judged.returns += [returned] if returned else []
            elif product in self._freight:
                freight.append(entry)
            else:
                goods.append(entry)
        if len(goods) > LINES_PER_ORDER_MAX:
            told = f"{len(goods)} lines; an order has at most {LINES_PER_ORDER_MAX}"
            raise Wrong("order_id", "too_many_lines", told)
        if goods:
            judged.order = self._order(order_id, buyer_id, said, goods, freight)
        else:
            told = "an order of freight alone has no line to take"
            self._notes += [refused(entry.row, "product_id", "freight_only", told) for entry in freight]

    def _order(
        self, order_id: str, buyer_id: str | None, said: Said, goods: list[_Entry], freight: list[_Entry]
    ) -> Order:
        assert said.placed_at is not None, "an order without a time was refused"
        if buyer_id is None:
            buyer_id = clean_id(f"guest-{order_id}", "buyer_id")
            told = f"the order has no customer; its buyer is {buyer_id}"
            self._notes.append(note(goods[0].row, "buyer_id", "guest_buyer", told))
        lines = self._lines(goods, said)
        if not any(line.paid_minor for line in lines):
            told = "every line costs nothing; taken, and nothing is earned by it"
            self._notes.append(note(goods[0].row, "unit_price", "zero_order", told))
        freight_minor = said.minor.get("freight", 0)
        freight_minor += sum(entry.value_minor for entry in freight)
        freight_minor += sum(entry.freight_minor for entry in (*goods, *freight))
        if freight_minor > LINE_FEN_MAX:
            raise Wrong("freight", "out_of_range", f"a freight of more than {LINE_FEN_MAX:,} minor units")
        paid_at = said.times.get("paid_at", said.placed_at)
        return Order(
            order_id=order_id,
            buyer_id=buyer_id,
            placed_at=said.placed_at,
            paid_at=paid_at,
            completed_at=self._completed_at(said, paid_at),
            cancelled_at=said.times.get("cancelled_at"),
            lines=lines,
            freight_minor=freight_minor,
            refunded_minor=said.minor.get("refunded", 0),
            texts=self._sent_texts(said, goods[0].row),
            rows=(*(entry.row for entry in goods), *(entry.row for entry in freight)),
        )

    def _return(self, order_id: str, buyer_id: str | None, at: datetime, entry: _Entry) -> Return | None:
        if entry.product_id.casefold() in self._freight:
            told = "freight earns no commission; its return changes nothing in the books"
            self._notes.append(refused(entry.row, "product_id", "freight_return", told))
            return None
        if entry.value_minor == 0:
            told = "nothing was paid, so nothing goes back; corrections of stock look like this"
            self._notes.append(refused(entry.row, "unit_price", "zero_return", told))
            return None
        if not self._marked(order_id):
            told = "a negative quantity without a cancellation mark; treated as a return"
            self._notes.append(note(entry.row, "quantity", "return_unmarked", told))
        return Return(order_id, buyer_id, entry.product_id, -entry.quantity, entry.value_minor, at, entry.row)

    def _lines(self, goods: list[_Entry], said: Said) -> tuple[Line, ...]:
        # sorted by what the lines say, so that the same order in another row order is the same content
        ordered = sorted(
            goods,
            key=lambda entry: (
                entry.product_id,
                entry.value_minor,
                entry.quantity,
                entry.category,
                entry.refunded_minor,
            ),
        )
        paid = [entry.value_minor for entry in ordered]
        if "subtotal" in said.minor:
            paid = self._after_order_discount(paid, said.minor["subtotal"], min(entry.row for entry in goods))
        lines = []
        seen: dict[str, int] = {}
        for entry, paid_minor in zip(ordered, paid, strict=True):
            seen[entry.product_id] = times = seen.get(entry.product_id, 0) + 1
            line_id = clean_id(entry.product_id if times == 1 else f"{entry.product_id}~{times}", "product_id")
            lines.append(
                Line(line_id, entry.product_id, entry.category, entry.quantity, paid_minor, entry.refunded_minor)
            )
        return tuple(lines)

    def _after_order_discount(self, paid: list[int], subtotal_minor: int, row: int) -> list[int]:
        gross_minor = sum(paid)
        if subtotal_minor == gross_minor:
            return paid
        if subtotal_minor > gross_minor:
            told = f"the subtotal is {subtotal_minor} minor units, the lines sum to {gross_minor}; the lines count"
            self._notes.append(note(row, "subtotal", "subtotal_differs", told))
            return paid
        told = f"{gross_minor - subtotal_minor} minor units of discount on the whole order are spread over its lines"
        self._notes.append(note(row, "subtotal", "discount_spread", told))
        return [part.minor for part in Money(subtotal_minor, self._cells.currency.expected).split(paid)]

    # --- what else the rows say -----------------------------------------------------------------------------------

    def _marked(self, order_id: str) -> bool:
        prefix = self._layout.cancellation_prefix
        return bool(prefix) and order_id.upper().startswith(prefix)

    def _buyer(self, said: Said) -> str | None:
        if "buyer_id" in said.ids:
            return said.ids["buyer_id"]
        # personal fields never become ids in clear
        email = email_folded(said.texts.get("buyer_email", ""))
        if email:
            return pseudonym("email", email)
        phone = phone_folded(said.texts.get("phone", ""), self._layout.phone_region)
        return pseudonym("phone", phone) if phone else None

    def _completed_at(self, said: Said, paid_at: datetime) -> datetime | None:
        days = self._layout.completed_after_days
        if "completed_at" in self._cells.columns:
            completed_at = said.times.get("completed_at")
            return completed_at + timedelta(days=days or 0) if completed_at else None
        return paid_at + timedelta(days=days) if days is not None else None

    def _sent_texts(self, said: Said, row: int) -> dict[str, str]:
        sent: dict[str, str] = {name: text for name, text in said.ids.items() if name != "buyer_id"}
        for name in _SENT:
            text = said.texts.get(name, "")
            if name == "phone" and EXCEL_SHORT.fullmatch(text):
                told = "a spreadsheet shortened this number; the order is taken without it"
                self._notes.append(note(row, "phone", "excel_digits_lost", told))
            elif text:
                sent[name] = text
        return sent
