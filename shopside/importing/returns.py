"""Which sale a return belongs to: the buyer's latest earlier purchases of the same product, until all pieces are found.

Exports name no sale on a return. The latest purchase is taken first because that is what people send back. What no
purchase covers is refused with the rest that is left. Purchases and returns of a whole file wait on disk; those of one
buyer and one product are matched in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from core.money import Money, ratio_half_up
from shopside.importing.findings import Remarks, note, refused
from shopside.importing.pile import Key, Pile, Record
from shopside.importing.sales import Order, Refund, RefundLine, Return
from shopside.importing.times import instant

_PURCHASE, _RETURN = 0, 1


@dataclass(slots=True)
class _Bought:
    """A line of an earlier order with what has not come back yet."""

    placed_at: datetime
    order_id: str
    line_id: str
    pieces: int
    paid_minor: int


class Matching:
    """Takes orders and returns one by one, then gives the refunds that the returns make."""

    def __init__(self, remarks: Remarks) -> None:
        self._remarks = remarks
        self._pile = Pile()
        self._any_return = False

    def bought(self, order: Order) -> None:
        """Take an order, of which something may come back."""
        at = order.placed_at.isoformat()
        for line in order.lines:
            value = (at, order.order_id, line.line_id, line.quantity, line.paid_minor)
            self._pile.put((order.buyer_id, line.product_id, _PURCHASE), value)

    def came_back(self, one: Return) -> None:
        """Take a return."""
        self._any_return = True
        self._pile.put((one.buyer_id or "", one.product_id, _RETURN), tuple(one))

    def refunds(self) -> Iterator[Refund]:
        """The refunds, oldest return first; what matches no purchase goes to the remarks."""
        if not self._any_return:
            return
        parts = Pile()
        for _, records in groupby(self._pile, key=lambda record: record.key[:2]):
            purchases: list[_Bought] = []
            returns: list[Return] = []
            for record in records:
                if record.key[2] == _PURCHASE:
                    at, *rest = record.value
                    purchases.append(_Bought(datetime.fromisoformat(at), *rest))
                else:
                    return_id, buyer_id, product_id, pieces, value_minor, at, row = record.value
                    returned_at = datetime.fromisoformat(at)
                    returns.append(Return(return_id, buyer_id, product_id, pieces, value_minor, returned_at, row))
            for key, value in self._matched(purchases, returns):
                parts.put(key, value)
        for key, records in groupby(parts, key=lambda record: record.key[:3]):
            yield _refund(str(key[1]), str(key[2]), records)

    def _matched(self, purchases: list[_Bought], returns: list[Return]) -> Iterator[tuple[Key, list[Any]]]:
        purchases.sort(key=lambda one: (one.placed_at, one.order_id, one.line_id), reverse=True)
        returns.sort(key=lambda one: (one.returned_at, one.return_id, one.value_minor, one.row))
        for one in returns:
            at = one.returned_at
            for count, (purchase, pieces, refund_minor) in enumerate(_cover(one, purchases, self._remarks)):
                refund = (instant(at), one.return_id, purchase.order_id)
                key = (*refund, one.product_id, one.value_minor, one.row, count)
                yield key, [at.isoformat(), purchase.line_id, refund_minor, pieces, one.row]


def _refund(return_id: str, order_id: str, parts: Iterable[Record]) -> Refund:
    """The parts of one return that belong to one order."""
    lines: dict[str, RefundLine] = {}
    rows: list[int] = []
    returned_at = ""
    for part in parts:
        returned_at, line_id, refund_minor, pieces, row = part.value
        before = lines.get(line_id, RefundLine(line_id, 0, 0))
        lines[line_id] = RefundLine(line_id, before.refund_minor + refund_minor, (before.quantity or 0) + pieces)
        rows.append(row)
    at = datetime.fromisoformat(returned_at)
    return Refund(f"{return_id}-{order_id}", order_id, at, tuple(lines.values()), tuple(rows))


def stated_refund(order: Order, currency: str, remarks: Remarks) -> Refund | None:
    """The refund of exports that name an amount, for a line or for the whole order; the latter is spread by price.

    The export does not say when, so the refund counts from the payment: commission on it never settles. A cancelled
    order needs none: its cancellation takes back everything.
    """
    if order.cancelled_at:
        return None
    paid = [line.paid_minor for line in order.lines]
    stated = [line.refunded_minor for line in order.lines]
    if any(stated):
        back = [min(part, whole) for part, whole in zip(stated, paid, strict=True)]
    else:
        back_minor = min(order.refunded_minor, sum(paid))
        back = [share.minor for share in Money(back_minor, currency).split(paid)] if back_minor else []
    beyond_minor = order.refunded_minor + sum(stated) - sum(back)
    if beyond_minor:
        told = f"{beyond_minor} minor units of the refund are freight or tax, which earn nothing"
        remarks.append(note(order.rows[0], "refunded", "refund_beyond_lines", told))
    if not any(back):
        return None
    told = "the export does not say when money went back; it counts from the payment"
    remarks.append(note(order.rows[0], "refunded", "refund_time_assumed", told))
    lines = tuple(RefundLine(line.line_id, minor, None) for line, minor in zip(order.lines, back, strict=True) if minor)
    return Refund(f"{order.order_id}-refund", order.order_id, order.paid_at, lines, order.rows)


def _cover(one: Return, purchases: list[_Bought], remarks: Remarks) -> list[tuple[_Bought, int, int]]:
    """Purchases that cover a return, with pieces and money for each; both leave the purchase."""
    covered: list[tuple[_Bought, int, int]] = []
    pieces_found = valued_minor = given_minor = 0
    for purchase in purchases:
        pieces = min(purchase.pieces, one.quantity - pieces_found)
        if pieces <= 0 or purchase.placed_at > one.returned_at:
            continue
        pieces_found += pieces
        # the return's value up to this piece, so that the parts sum to the whole without a rest
        value_minor = ratio_half_up(one.value_minor, pieces_found, one.quantity) - valued_minor
        refund_minor = min(value_minor, purchase.paid_minor)
        valued_minor += value_minor
        given_minor += refund_minor
        purchase.pieces -= pieces
        purchase.paid_minor -= refund_minor
        covered.append((purchase, pieces, refund_minor))
    left = one.quantity - pieces_found
    if not covered:
        why = "the row names no customer" if one.buyer_id is None else "no earlier purchase has any left"
        told = f"{one.quantity} pieces for {one.value_minor} minor units match no purchase in this file: {why}"
        remarks.append(refused(one.row, "quantity", "return_unmatched", told))
    elif left:
        told = (
            f"{pieces_found} of {one.quantity} pieces match earlier purchases; {left} pieces for "
            f"{one.value_minor - valued_minor} minor units do not and are left out"
        )
        remarks.append(refused(one.row, "quantity", "return_exceeds_purchases", told))
    if covered and given_minor < valued_minor:
        told = f"the purchases were cheaper than the return; {valued_minor - given_minor} minor units are left out"
        remarks.append(refused(one.row, "unit_price", "return_above_price", told))
    return covered
