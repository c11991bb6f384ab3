"""Orders as the books keep them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import Request

from api.answers.orders import OrderRead
from api.auth import READERS, caller
from api.document import gives
from api.platform import platform
from api.scoped import roles, router
from api.times import PathId
from core.clock import iso
from core.errors import not_found
from graph.findings import ChainPerson
from ledger.flows import read
from ledger.flows.read import Commission, Order
from risk.flows import read as risk

routes = router("orders")


@routes.get(
    "/v1/orders/{order_id}",
    summary="An order: lines, frozen chain, plan, decision, commissions, journals",
    **gives(OrderRead),
    **roles("pipeline", *READERS),
)
async def read_order(request: Request, order_id: PathId) -> dict[str, Any]:
    brand = caller(request).brand
    async with platform(request).postgres.brand(brand) as conn:
        found = await read.order(conn, order_id)
        if found is None:
            raise not_found("order")
        decided = await risk.decision(conn, brand, found.order.decision.decision_id)
    shown = _order(found.order)
    shown["decision"]["differs"] = decided.differs
    return {**shown, "journals": [str(number) for number in found.journals]}


def _order(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "buyer_id": order.buyer_id,
        "state": order.state,
        "placed_at": iso(order.placed_at),
        "paid_at": iso(order.paid_at),
        "completed_at": _iso(order.completed_at),
        "settles_at": _iso(order.settles_at),
        "cancelled_at": _iso(order.cancelled_at),
        "chain": [_person(person) for person in order.chain],
        "plan": asdict(order.plan) if order.plan else None,
        "decision": asdict(order.decision),
        "lines": [{"line_id": x.line_id, "paid_fen": x.paid_fen, "refunded_fen": x.refunded_fen} for x in order.lines],
        "commissions": [_commission(order, part) for part in order.commissions],
    }


def _person(person: ChainPerson) -> dict[str, Any]:
    shown = {"level": person.level, "member_id": person.member_id, "earns": person.earns}
    return shown if person.earns else {**shown, "why": person.why}


def _commission(order: Order, part: Commission) -> dict[str, Any]:
    shown = asdict(part)
    del shown["closed"]
    return {**shown, "state": order.state_of(part)}


def _iso(at: datetime | None) -> str | None:
    return iso(at) if at else None
