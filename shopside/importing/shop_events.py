"""Orders and refunds as events of the contract, in the order of their times.

Event ids come from what the export calls its orders and returns, never from row numbers: the same content imported
again, sorted otherwise or grown by newer orders, repeats the same events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from shopside.importing.orders import Order
from shopside.importing.returns import Refund


class Outgoing(NamedTuple):
    """One event ready to send, and the rows it was made of."""

    event: bytes
    what: str
    """``paid``, ``refunded``, ``completed``, ``cancelled``; for a file of events ``event``."""
    rows: tuple[int, ...]


def events_of(orders: Sequence[Order], refunds: Sequence[Refund], source: str, channel: str) -> Iterator[Outgoing]:
    """The events of an import, earliest first; at the same time payments come before what follows them."""
    schedule: list[tuple[datetime, int, str, Order | Refund]] = []
    for order in orders:
        schedule.append((order.paid_at, 0, order.order_id, order))
        if order.cancelled_at:
            schedule.append((order.cancelled_at, 2, order.order_id, order))
        elif order.completed_at:
            schedule.append((order.completed_at, 3, order.order_id, order))
    schedule += ((refund.refunded_at, 1, refund.refund_id, refund) for refund in refunds)
    schedule.sort(key=lambda item: item[:3])
    for at, rank, _, thing in schedule:
        if isinstance(thing, Refund):
            yield _outgoing(source, "refunded", thing.refund_id, thing.order_id, at, _refunded(thing), thing.rows)
            continue
        order_id = thing.order_id
        if rank == 0:
            yield _outgoing(source, "paid", order_id, order_id, at, _paid(thing, channel), thing.rows)
        elif rank == 2:
            data = {"order_id": order_id, "cancelled_at": at.isoformat()}
            yield _outgoing(source, "cancelled", order_id, order_id, at, data, thing.rows)
        else:
            data = {"order_id": order_id, "completed_at": at.isoformat()}
            yield _outgoing(source, "completed", order_id, order_id, at, data, thing.rows)


def _outgoing(
    source: str, what: str, key: str, order_id: str, at: datetime, data: dict[str, Any], rows: tuple[int, ...]
) -> Outgoing:
    event = {
        "specversion": "1.0",
        "id": f"{what}:{key}",
        "source": source,
        "type": f"order.{what}.v1",
        "time": at.isoformat(),
        "subject": order_id,
        "data": data,
    }
    return Outgoing(orjson.dumps(event), what, rows)


def _paid(order: Order, channel: str) -> dict[str, Any]:
    texts = order.texts
    data: dict[str, Any] = {
        "order_id": order.order_id,
        "buyer_id": order.buyer_id,
        "channel": channel,
        "placed_at": order.placed_at.isoformat(),
        "paid_at": order.paid_at.isoformat(),
        "lines": [
            {
                "line_id": line.line_id,
                "product_id": line.product_id,
                "category": line.category,
                "quantity": line.quantity,
                "paid_fen": line.paid_minor,
            }
            for line in order.lines
        ],
        "freight_fen": order.freight_minor,
    }
    for name in ("promoter_id", "link_code", "region", "device_id", "ip", "phone"):
        if name in texts:
            data[name] = texts[name]
    if "detail" in texts:
        data["address"] = {name: texts.get(name, "") for name in ("province", "city", "county", "detail")}
    return data


def _refunded(refund: Refund) -> dict[str, Any]:
    lines = []
    for line in refund.lines:
        data: dict[str, Any] = {"line_id": line.line_id, "refund_fen": line.refund_minor}
        if line.quantity is not None:
            data["quantity"] = line.quantity
        lines.append(data)
    return {
        "refund_id": refund.refund_id,
        "order_id": refund.order_id,
        "refunded_at": refund.refunded_at.isoformat(),
        "lines": lines,
    }
