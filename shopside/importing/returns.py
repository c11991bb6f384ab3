"""Which sale a return belongs to: the buyer's latest earlier purchases of the same product, until all pieces are found.

Exports name no sale on a return. The latest purchase is taken first because that is what people send back. What no
purchase covers is refused with the rest that is left. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from core.money import Money, ratio_half_up
from shopside.importing.findings import Finding, note, refused
from shopside.importing.orders import Order, Return


class RefundLine(NamedTuple):
    """What goes back on one line of an order; money in minor units."""

    line_id: str
    refund_minor: int
    quantity: int | None


@dataclass(frozen=True, slots=True)
class Refund:
    """A return, or the part of it that belongs to one order."""

    refund_id: str
    order_id: str
    refunded_at: datetime
    lines: tuple[RefundLine, ...]
    rows: tuple[int, ...]


@dataclass(slots=True)
class _Bought:
    """A line of an earlier order with what has not come back yet."""

    placed_at: datetime
    order_id: str
    line_id: str
    pieces: int
    paid_minor: int


def match_returns(orders: Sequence[Order], returns: Iterable[Return], findings: list[Finding]) -> list[Refund]:
    """The refunds that the returns make, oldest return first; what matches no purchase goes to the findings."""
    wanted = sorted(returns, key=lambda one: (one.returned_at, one.return_id, one.product_id, one.value_minor, one.row))
    bought = _purchases(orders, {(one.buyer_id, one.product_id) for one in wanted})
    parts: dict[tuple[str, str], dict[str, RefundLine]] = defaultdict(dict)
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    times: dict[str, datetime] = {}
    for one in wanted:
        times.setdefault(one.return_id, one.returned_at)
        for purchase, pieces, refund_minor in _cover(one, bought[one.buyer_id, one.product_id], findings):
            key = (one.return_id, purchase.order_id)
            before = parts[key].get(purchase.line_id, RefundLine(purchase.line_id, 0, 0))
            parts[key][purchase.line_id] = RefundLine(
                purchase.line_id, before.refund_minor + refund_minor, (before.quantity or 0) + pieces
            )
            rows[key].append(one.row)
    return [
        Refund(f"{return_id}-{order_id}", order_id, times[return_id], tuple(lines.values()), tuple(rows[key]))
        for key, lines in parts.items()
        for return_id, order_id in (key,)
    ]


def stated_refunds(orders: Iterable[Order], currency: str, findings: list[Finding]) -> list[Refund]:
    """The refunds of exports that name an amount for the whole order, spread over its lines by their price.

    The export does not say when, so the refund counts from the payment: commission on it never settles. A cancelled
    order needs none: its cancellation takes back everything.
    """
    refunds = []
    for order in orders:
        if not order.refunded_minor or order.cancelled_at:
            continue
        paid = [line.paid_minor for line in order.lines]
        back_minor = min(order.refunded_minor, sum(paid))
        if back_minor < order.refunded_minor:
            told = (
                f"{order.refunded_minor - back_minor} minor units of the refund are freight or tax, which earn nothing"
            )
            findings.append(note(order.rows[0], "refunded", "refund_beyond_lines", told))
        if not back_minor:
            continue
        told = "the export does not say when money went back; it counts from the payment"
        findings.append(note(order.rows[0], "refunded", "refund_time_assumed", told))
        shares = Money(back_minor, currency).split(paid)
        lines = tuple(
            RefundLine(line.line_id, share.minor, None)
            for line, share in zip(order.lines, shares, strict=True)
            if share.minor
        )
        refunds.append(Refund(f"{order.order_id}-refund", order.order_id, order.paid_at, lines, order.rows))
    return refunds


def _purchases(
    orders: Sequence[Order], wanted: set[tuple[str | None, str]]
) -> defaultdict[tuple[str | None, str], list[_Bought]]:
    bought: defaultdict[tuple[str | None, str], list[_Bought]] = defaultdict(list)
    for order in orders:
        for line in order.lines:
            if (order.buyer_id, line.product_id) in wanted:
                bought[order.buyer_id, line.product_id].append(
                    _Bought(order.placed_at, order.order_id, line.line_id, line.quantity, line.paid_minor)
                )
    for purchases in bought.values():
        purchases.sort(key=lambda one: (one.placed_at, one.order_id, one.line_id), reverse=True)
    return bought


def _cover(one: Return, purchases: list[_Bought], findings: list[Finding]) -> list[tuple[_Bought, int, int]]:
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
        findings.append(refused(one.row, "quantity", "return_unmatched", told))
    elif left:
        told = (
            f"{pieces_found} of {one.quantity} pieces match earlier purchases; {left} pieces for "
            f"{one.value_minor - valued_minor} minor units do not and are left out"
        )
        findings.append(refused(one.row, "quantity", "return_exceeds_purchases", told))
    if covered and given_minor < valued_minor:
        told = f"the purchases were cheaper than the return; {valued_minor - given_minor} minor units are left out"
        findings.append(refused(one.row, "unit_price", "return_above_price", told))
    return covered
