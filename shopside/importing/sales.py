"""The words of an import: an order with its lines, a return that names no sale, a refund that belongs to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Line(NamedTuple):
    """One line of an order as it will be sent; money in minor units."""

    line_id: str
    product_id: str
    category: str
    quantity: int
    paid_minor: int
    refunded_minor: int
    """What the export says was given back on this line."""


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


class RefundLine(NamedTuple):
    """What goes back on one line of an order; money in minor units."""

    line_id: str
    refund_minor: int
    quantity: int | None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that went back on one order."""

    refund_id: str
    order_id: str
    refunded_at: datetime
    lines: tuple[RefundLine, ...]
    rows: tuple[int, ...]
