"""Orders and refunds as events of the contract, in the order of their times.

Event ids come from what the export calls its orders and returns, never from row numbers: the same content imported
again, sorted otherwise or grown by newer orders, repeats the same events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from shopside.importing.pile import Pile
from shopside.importing.sales import Order, Refund
from shopside.importing.times import instant

_RANKS: Final = ("paid", "refunded", "cancelled", "completed")
"""What comes first of what happened at one time."""


class Outgoing(NamedTuple):
    """One event ready to send, and the rows it was made of."""

    event: bytes
    what: str
    """``paid``, ``refunded``, ``completed``, ``cancelled``; for a file of events ``event``."""
    rows: tuple[int, ...]


class Schedule:
    """Events of a whole import, taken one by one and given in the order of their times.

    At the same time payments come before what follows them.
    """

    def __init__(self, source: str, channel: str) -> None:
        self._source = source
        self._channel = channel
        self._pile = Pile()

    def sold(self, order: Order) -> None:
        """Take an order with what became of it."""
        order_id = order.order_id
        self._put("paid", order_id, order_id, order.paid_at, _paid(order, self._channel), order.rows)
        if order.cancelled_at:
            data = {"order_id": order_id, "cancelled_at": order.cancelled_at.isoformat()}
            self._put("cancelled", order_id, order_id, order.cancelled_at, data, order.rows)
        elif order.completed_at:
            data = {"order_id": order_id, "completed_at": order.completed_at.isoformat()}
            self._put("completed", order_id, order_id, order.completed_at, data, order.rows)

    def gave_back(self, refund: Refund) -> None:
        """Take a refund."""
        self._put("refunded", refund.refund_id, refund.order_id, refund.refunded_at, _refunded(refund), refund.rows)

    def __iter__(self) -> Iterator[Outgoing]:
        for record in self._pile:
            what, rows, event = record.value
            yield Outgoing(event.encode(), what, tuple(rows))

    def _put(
        self, what: str, key: str, order_id: str, at: datetime, data: dict[str, Any], rows: tuple[int, ...]
    ) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{what}:{key}",
            "source": self._source,
            "type": f"order.{what}.v1",
            "time": at.isoformat(),
            "subject": order_id,
            "data": data,
        }
        self._pile.put((instant(at), _RANKS.index(what), key), (what, rows, orjson.dumps(event).decode()))


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
