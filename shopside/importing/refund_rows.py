"""Rows that are refunds by themselves, as bills of payment services have them: each names its order and its line."""

from __future__ import annotations

from shopside.importing.amounts import currency_named
from shopside.importing.cells import Cells, Positions, Wrong, text_at
from shopside.importing.layout import Layout, Names, RefundRows, position_of
from shopside.importing.reading import Row
from shopside.importing.sales import Refund, RefundLine


class RefundReader:
    """Knows and reads the refund rows of one file."""

    def __init__(self, condition: RefundRows, cells: Cells, headings: list[str]) -> None:
        """Raises Unusable when the file lacks a heading that the map names for them."""
        self._condition = condition
        self._cells = cells
        self._column = position_of((condition.column,), headings, "refund_rows in the map")[0][0]
        self._refund_id = position_of(condition.refund_id, headings, "refund_rows.refund_id in the map")
        self._amount = position_of(condition.amount, headings, "refund_rows.amount in the map")
        self._order_id = _positions(condition.order_id, headings, "order_id")
        self._refunded_at = _positions(condition.refunded_at, headings, "refunded_at")

    def is_one(self, row: Row) -> bool:
        """Is the row a refund, not part of an order?"""
        return self._condition.holds(row.cells[self._column])

    def order_id(self, row: Row) -> str:
        """The order that the money was paid for; empty where the row names none. Raises Wrong."""
        return (
            self._cells.order_id_of(text_at(row.cells, self._order_id)) if self._order_id else self._cells.order_id(row)
        )

    def read(self, order_id: str, row: Row) -> Refund:
        """The refund of a row, on the first line of its product; raises Wrong."""
        cells = self._cells
        currency = cells.currency
        named = currency_named(cells.text(row, "currency")) or currency.named or cells.layout.currency
        if named and named != currency.expected:
            raise cells.in_another(f"the row is in {named}")
        refund_id = cells.clean(text_at(row.cells, self._refund_id), "refund_id")
        if not refund_id:
            raise Wrong("refund_id", "missing_refund_id", "the row names no refund")
        product_id = cells.clean(cells.text(row, "product_id"), "product_id")
        if not product_id:
            raise Wrong("product_id", "missing_product", "the row names no product")
        refund_minor = cells.minor(text_at(row.cells, self._amount), "amount", either_sign=True)
        if not refund_minor:
            raise Wrong("amount", "zero_return", "nothing went back")
        text = text_at(row.cells, self._refunded_at) if self._refunded_at else cells.text(row, "placed_at")
        at = cells.time(row, text, "refunded_at")
        return Refund(refund_id, order_id, at, (RefundLine(product_id, refund_minor, None),), (row.number,))


def refund_reader(layout: Layout, cells: Cells, headings: list[str]) -> RefundReader | None:
    """The reader of a file's refund rows, where its map says that it has such; raises Unusable."""
    return RefundReader(layout.refund_rows, cells, headings) if layout.refund_rows else None


def _positions(names: Names, headings: list[str], what: str) -> Positions:
    return position_of(names, headings, f"refund_rows.{what} in the map") if names else ()
