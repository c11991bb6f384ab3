"""Orders, refund ids, parked facts and sales as rows."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core import limits
from core.canonical import canonical
from core.stores.postgres import Connection
from core.stores.queries import sql
from events.decided import Decided
from events.facts import RefundLine
from graph.findings import ChainPerson
from ledger.domain.books import RefundKey, RefundSeen, Sales, Sold
from ledger.domain.facts import (
    OrderCancelled,
    OrderCompleted,
    OrderFollowUp,
    OrderRefunded,
)
from ledger.domain.order import Commission, Line, Order, PlanRef


@dataclass(frozen=True, slots=True)
class _OrderRow:
    order_id: str
    seq: int
    buyer_id: str
    channel: str
    region: str | None
    placed_at: datetime
    paid_at: datetime
    freight_fen: int
    new_buyer: bool
    data_print: bytes
    plan_id: str | None
    plan_version: int | None
    after_sales_days: int
    decision_id: str
    decision_outcome: str
    decision_reasons: list[dict[str, Any]]
    chain: Sequence[ChainPerson]
    lines: list[Line]
    commissions: list[Commission]
    state: str
    completed_at: datetime | None
    settles_at: datetime | None
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class _SavedOrder(_OrderRow):
    json_print: bytes


@dataclass(frozen=True, slots=True)
class JsonRow:
    """The JSON of an order as it stands, and the digest of what was written; None from before there was one."""

    order_id: str
    decision_reasons: list[dict[str, Any]]
    chain: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    commissions: list[dict[str, Any]]
    json_print: bytes | None


@dataclass(frozen=True, slots=True)
class _ParkedRow:
    order_id: str
    seq: int
    kind: str
    at: datetime
    refund_id: str | None
    lines: Sequence[RefundLine] | None


@dataclass(frozen=True, slots=True)
class _Number:
    number: int


@dataclass(frozen=True, slots=True)
class _Size:
    order_id: str
    lines: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _SalesChange:
    member_id: str
    own_gmv_fen: int
    commission_fen: int
    sold_at: datetime | None
    earned_at: datetime | None


@dataclass(frozen=True, slots=True)
class _SalesText:
    member_id: str
    own_gmv_fen: str
    commission_fen: str


@dataclass(frozen=True, slots=True)
class SalesRow:
    """What a member sold as level 1 net of refunds, and earned net of clawbacks."""

    member_id: str
    own_gmv_fen: int
    commission_fen: int


@dataclass(frozen=True, slots=True)
class FigureRow:
    """Whom the books know as buyer and chain of an order."""

    order_id: str
    buyer_id: str
    member_ids: list[str]


@dataclass(frozen=True, slots=True)
class OrderOff:
    """An order that is not what its journals say."""

    order_id: str
    problem: str


@dataclass(frozen=True, slots=True)
class SalesOff:
    """A member whose sales are not what their changes say."""

    member_id: str
    problem: str


_LOAD = sql("ledger/orders_load", _OrderRow)
_DUE = sql("ledger/orders_due", _OrderRow)
_SIZES = sql("ledger/order_sizes", _Size)
_SAVE = sql("ledger/orders_save", rows=_SavedOrder)
_SETTLED = sql("ledger/orders_settled")
_JOURNALS = sql("ledger/order_journals", _Number)
_REFUNDS_LOAD = sql("ledger/refunds_load", RefundSeen)
_REFUNDS_INSERT = sql("ledger/refunds_insert", rows=RefundSeen)
_PARKED_LOAD = sql("ledger/parked_load", _ParkedRow)
_PARKED_PAGE = sql("ledger/parked_page", _ParkedRow)
_PARKED_INSERT = sql("ledger/parked_insert", rows=_ParkedRow)
_PARKED_DELETE = sql("ledger/parked_delete")
_SALES = sql("ledger/sales", _SalesText)
_SALES_ADD = sql("ledger/sales_add", rows=_SalesChange)
_SOLD_INSERT = sql("ledger/sold_insert", rows=Sold)
_ORDERS_OFF = sql("ledger/orders_off", OrderOff)
_SALES_OFF = sql("ledger/sales_off", SalesOff)
JSON = sql("ledger/orders_json", JsonRow)
FIGURES = sql("ledger/order_figures", FigureRow)


async def load_orders(conn: Connection, order_ids: Collection[str]) -> dict[str, Order]:
    """The orders of these ids that the books know."""
    if not order_ids:
        return {}
    return {row.order_id: _order(row) for row in await _LOAD.run(conn, order_ids=list(order_ids))}


async def sizes(conn: Connection, order_ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """How many lines these orders have, and how many wait for them in parked facts; one with neither is absent."""
    if not order_ids:
        return {}
    return {row.order_id: (row.lines, row.waiting) for row in await _SIZES.run(conn, order_ids=list(order_ids))}


async def load_due(conn: Connection, now: datetime, count_max: int, lines_max: int) -> list[Order]:
    """Orders that may settle, the longest due first: as many as ``lines_max`` lines hold, at least one."""
    return [_order(row) for row in await _DUE.run(conn, now=now, count_max=count_max, lines_max=lines_max)]


async def save_orders(conn: Connection, orders: Collection[Order]) -> None:
    """Keep orders that are new, and what later facts made of old ones; all else of those is frozen."""
    await _SAVE.save(conn, [_row(order) for order in orders])


async def mark_settled(conn: Connection, order_ids: Collection[str]) -> None:
    """Settling changes nothing of an order but its state."""
    await _SETTLED.run(conn, order_ids=list(order_ids))


async def journals_of(conn: Connection, order_id: str) -> list[int]:
    """Numbers of the journals about an order, oldest first."""
    return [row.number for row in await _JOURNALS.run(conn, order_id=order_id)]


async def load_refunds(conn: Connection, refunds: Collection[RefundKey]) -> dict[RefundKey, RefundSeen]:
    """Of these refunds, as (order id, refund id), those that were told before."""
    if not refunds:
        return {}
    order_ids, refund_ids = zip(*refunds, strict=True)
    seen = await _REFUNDS_LOAD.run(conn, order_ids=list(order_ids), refund_ids=list(refund_ids))
    return {one.key: one for one in seen}


async def insert_refunds(conn: Connection, refunds: Collection[RefundSeen]) -> None:
    """Remember refund ids that were told."""
    await _REFUNDS_INSERT.save(conn, refunds)


async def load_parked(conn: Connection, order_ids: Collection[str]) -> dict[str, list[OrderFollowUp]]:
    """What waits for these orders, by order."""
    waiting: dict[str, list[OrderFollowUp]] = {}
    if order_ids:
        for row in await _PARKED_LOAD.run(conn, order_ids=list(order_ids)):
            waiting.setdefault(row.order_id, []).append(_unpark(row))
    return waiting


async def parked_page(conn: Connection, order_id: str, lines_max: int) -> list[OrderFollowUp]:
    """The first of what waits for one order, in the order of the log: as much as ``lines_max`` lines hold."""
    rows = await _PARKED_PAGE.run(conn, order_id=order_id, lines_max=lines_max, count=limits.STRETCH_EVENTS_MAX)
    return [_unpark(row) for row in rows]


async def insert_parked(conn: Connection, facts: Collection[OrderFollowUp]) -> None:
    """Let facts wait for the payment of their order."""
    await _PARKED_INSERT.save(conn, [_park(fact) for fact in facts])


async def delete_parked(conn: Connection, facts: Collection[OrderFollowUp]) -> None:
    """Forget facts that waited and were applied."""
    if facts:
        await _PARKED_DELETE.run(conn, order_id=[fact.order_id for fact in facts], seq=[fact.seq for fact in facts])


async def add_sales(conn: Connection, sales: Mapping[str, Sales]) -> None:
    """Add changes to members' sales."""
    rows = [
        _SalesChange(member, change.own_gmv_fen, change.commission_fen, change.sold_at, change.earned_at)
        for member, change in sales.items()
    ]
    await _SALES_ADD.save(conn, rows)


async def insert_sold(conn: Connection, sold: Collection[Sold]) -> None:
    """Keep each change of members' sales."""
    await _SOLD_INSERT.save(conn, sold)


async def load_sales(conn: Connection, member_ids: Collection[str], as_of: datetime) -> list[SalesRow]:
    """Sales of members as of an instant; one who never sold or earned is left out."""
    rows = await _SALES.run(conn, member_ids=list(member_ids), as_of=as_of)
    return [SalesRow(row.member_id, int(row.own_gmv_fen), int(row.commission_fen)) for row in rows]


def json_print(order: JsonRow | Order) -> bytes:
    """The digest of an order's JSON, the same of what is written and of what is read back."""
    reasons = order.decision_reasons if isinstance(order, JsonRow) else order.decision.reasons
    written = canonical([order.order_id, reasons, order.chain, order.lines, order.commissions])
    # once more as read back: the fields of a class keep their order, the keys of an object are sorted
    return hashlib.sha256(canonical(orjson.loads(written))).digest()


def _row(order: Order) -> _SavedOrder:
    return _SavedOrder(
        order_id=order.order_id,
        seq=order.seq,
        buyer_id=order.buyer_id,
        channel=order.channel,
        region=order.region,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        freight_fen=order.freight_fen,
        new_buyer=order.new_buyer,
        data_print=order.data_print,
        plan_id=order.plan.plan_id if order.plan else None,
        plan_version=order.plan.version if order.plan else None,
        after_sales_days=order.after_sales_days,
        decision_id=order.decision.decision_id,
        decision_outcome=order.decision.outcome,
        decision_reasons=order.decision.reasons,
        chain=order.chain,
        lines=order.lines,
        commissions=order.commissions,
        state=order.state,
        completed_at=order.completed_at,
        settles_at=order.settles_at,
        cancelled_at=order.cancelled_at,
        json_print=json_print(order),
    )


async def orders_off(conn: Connection) -> list[OrderOff]:
    """Orders whose commissions or state are not what their journals say, up to DIFFERENCES_MAX."""
    return await _ORDERS_OFF.run(conn)


async def sales_off(conn: Connection) -> list[SalesOff]:
    """Members whose sales or commission are not what their changes and entries say, up to DIFFERENCES_MAX."""
    return await _SALES_OFF.run(conn)


def _order(row: _OrderRow) -> Order:
    plan = None
    if row.plan_id is not None and row.plan_version is not None:
        plan = PlanRef(row.plan_id, row.plan_version)
    return Order(
        seq=row.seq,
        order_id=row.order_id,
        buyer_id=row.buyer_id,
        channel=row.channel,
        region=row.region,
        placed_at=row.placed_at,
        paid_at=row.paid_at,
        freight_fen=row.freight_fen,
        new_buyer=row.new_buyer,
        data_print=bytes(row.data_print),
        plan=plan,
        after_sales_days=row.after_sales_days,
        decision=Decided(row.decision_id, row.decision_outcome, row.decision_reasons),  # type: ignore[arg-type]
        chain=row.chain,
        lines=row.lines,
        commissions=row.commissions,
        state=row.state,
        completed_at=row.completed_at,
        cancelled_at=row.cancelled_at,
    )


def _park(fact: OrderFollowUp) -> _ParkedRow:
    match fact:
        case OrderCompleted():
            return _ParkedRow(fact.order_id, fact.seq, "completed", fact.completed_at, None, None)
        case OrderCancelled():
            return _ParkedRow(fact.order_id, fact.seq, "cancelled", fact.cancelled_at, None, None)
        case OrderRefunded():
            return _ParkedRow(fact.order_id, fact.seq, "refunded", fact.refunded_at, fact.refund_id, fact.lines)


def _unpark(row: _ParkedRow) -> OrderFollowUp:
    match row.kind:
        case "completed":
            return OrderCompleted(row.seq, row.order_id, row.at)
        case "cancelled":
            return OrderCancelled(row.seq, row.order_id, row.at)
        case _:
            assert row.refund_id is not None and row.lines is not None
            # Its id and content were compared with others when it was told; no fingerprint is kept with it.
            return OrderRefunded(row.seq, row.refund_id, row.order_id, row.at, tuple(row.lines), b"")
