"""Rows to orders: the rows of one order may lie anywhere in a file of any length, and wait for each other on disk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from typing import Final, NamedTuple

from core.limits import IMPORT_ORDER_ROWS_MAX
from shopside.importing.cells import Cells, Wrong
from shopside.importing.findings import Remarks, refused
from shopside.importing.pile import Pile, Record
from shopside.importing.reading import Row
from shopside.importing.refund_rows import RefundReader

_APART: Final = re.compile(r"[,;|\t]")
"""What a stray quote may have kept together."""


class Gathered(NamedTuple):
    """All rows that name one order, in the order of the file."""

    order_id: str
    rows: list[Row]
    spoilt_by: int | None
    """A row that belongs here and was refused before anybody knew what it says."""


class Gathering:
    """Takes the rows of a file one by one, then gives them order by order."""

    def __init__(self, cells: Cells, refund_rows: RefundReader | None, width: int, remarks: Remarks) -> None:
        self._cells = cells
        self._refund_rows = refund_rows
        self._width = width
        self._remarks = remarks
        self._pile = Pile()
        self._above: str | None = None

    def add(self, row: Row) -> None:
        """Take one row; one that is damaged or names no order is refused, and spoils the order it may belong to."""
        if row.problem is not None:
            self._remarks.append(refused(row.number, "", *row.problem))
            self._spoil(row, self._guesses(row))
            return
        try:
            order_id = self._order_id(row)
        except Wrong as wrong:
            self._remarks.append(refused(row.number, wrong.field_name, wrong.code, wrong.message))
            return
        if not order_id:
            self._remarks.append(refused(row.number, "order_id", "missing_order_id", "the row names no order"))
            self._spoil(row, set())
            return
        if '"' in order_id:
            self._remarks.append(refused(row.number, "order_id", "bad_id", "a stray quote stands in the order number"))
            self._spoil(row, {order_id.replace('"', "")})
            return
        self._pile.put((order_id, row.number), row.cells)
        self._above = order_id

    def orders(self) -> Iterator[Gathered]:
        """The rows order by order; an order of more rows than any has is refused here."""
        for order_id, records in groupby(self._pile, key=lambda record: str(record.key[0])):
            one_order = iter(records)
            held = list(islice(one_order, IMPORT_ORDER_ROWS_MAX + 1))
            if len(held) > IMPORT_ORDER_ROWS_MAX:
                self._refuse(chain(held, one_order))
                continue
            rows = [Row(int(record.key[1]), record.value) for record in held if record.value is not None]
            spoilt = [int(record.key[1]) for record in held if record.value is None]
            if rows:
                yield Gathered(order_id, rows, min(spoilt, default=None))

    def _order_id(self, row: Row) -> str:
        if self._refund_rows and self._refund_rows.is_one(row):
            return self._refund_rows.order_id(row)
        return self._cells.order_id(row)

    def _guesses(self, row: Row) -> set[str]:
        """The orders that a damaged row may name: counted from either end, with its quotes and without them."""
        apart = [part for cell in row.cells for part in _APART.split(cell.replace('"', ""))]
        found = set()
        for cells in (row.cells, apart):
            for shift in {0, len(cells) - self._width}:
                places = range(shift, shift + self._width)
                moved = [cells[place].strip() if 0 <= place < len(cells) else "" for place in places]
                try:
                    found.add(self._cells.order_id(Row(row.number, moved)))
                except Wrong:
                    continue
        return found - {""}

    def _spoil(self, row: Row, order_ids: set[str]) -> None:
        if not order_ids and self._above is not None:
            order_ids = {self._above}
        for order_id in order_ids:
            self._pile.put((order_id, row.number), None)

    def _refuse(self, records: Iterable[Record]) -> None:
        told = f"an order has at most {IMPORT_ORDER_ROWS_MAX:,} rows"
        for record in records:
            if record.value is not None:
                self._remarks.append(refused(int(record.key[1]), "order_id", "too_many_lines", told))
