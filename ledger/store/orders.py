"""Orders, refund ids, parked facts and sales as rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core import limits
from core.stores.postgres import Connection
from core.stores.queries import sql
from events.decided import Decided
from events.facts import RefundLine
from graph.findings import ChainPerson
from ledger.domain.books import RefundKey, RefundSeen, Sales
from ledger.domain.facts import (
    OrderCancelled,
    OrderCompleted,
    OrderFollowUp,
    OrderRefunded,
)
from ledger.domain.order import Commission, Line, Order, PlanRef


@dataclass(frozen=True, slots=True)
class _OrderRow:
    seq: int
    order_id: str
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
    chain: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    commissions: list[dict[str, Any]]
    state: str
    completed_at: datetime | None
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class _RefundRow:
    refund_id: str
    order_id: str
    seq: int
    data_print: bytes


@dataclass(frozen=True, slots=True)
class _ParkedRow:
    order_id: str
    seq: int
    kind: str
    at: datetime
    refund_id: str | None
    lines: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class _Number:
    number: int


@dataclass(frozen=True, slots=True)
class _Size:
    order_id: str
    lines: int
    waiting: int


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


_LOAD = sql("ledger/orders_load", _OrderRow)
_DUE = sql("ledger/orders_due", _OrderRow)
_SIZES = sql("ledger/order_sizes", _Size)
_SAVE = sql("ledger/orders_save")
_SETTLED = sql("ledger/orders_settled")
_JOURNALS = sql("ledger/order_journals", _Number)
_REFUNDS_LOAD = sql("ledger/refunds_load", _RefundRow)
_REFUNDS_INSERT = sql("ledger/refunds_insert")
_PARKED_LOAD = sql("ledger/parked_load", _ParkedRow)
_PARKED_PAGE = sql("ledger/parked_page", _ParkedRow)
_PARKED_INSERT = sql("ledger/parked_insert")
_PARKED_DELETE = sql("ledger/parked_delete")
_SALES = sql("ledger/sales", _SalesText)
_SALES_ADD = sql("ledger/sales_add")
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
    if not orders:
        return
    await _SAVE.run(
        conn,
        order_id=[o.order_id for o in orders],
        seq=[o.seq for o in orders],
        buyer_id=[o.buyer_id for o in orders],
        channel=[o.channel for o in orders],
        region=[o.region for o in orders],
        placed_at=[o.placed_at for o in orders],
        paid_at=[o.paid_at for o in orders],
        freight_fen=[o.freight_fen for o in orders],
        new_buyer=[o.new_buyer for o in orders],
        data_print=[o.data_print for o in orders],
        plan_id=[o.plan.plan_id if o.plan else None for o in orders],
        plan_version=[o.plan.version if o.plan else None for o in orders],
        after_sales_days=[o.after_sales_days for o in orders],
        decision_id=[o.decision.decision_id for o in orders],
        decision_outcome=[o.decision.outcome for o in orders],
        decision_reasons=[_json(o.decision.reasons) for o in orders],
        chain=[_json(o.chain) for o in orders],
        lines=[_json(o.lines) for o in orders],
        commissions=[_json(o.commissions) for o in orders],
        state=[str(o.state) for o in orders],
        completed_at=[o.completed_at for o in orders],
        settles_at=[o.settles_at for o in orders],
        cancelled_at=[o.cancelled_at for o in orders],
    )


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
    rows = await _REFUNDS_LOAD.run(conn, order_ids=list(order_ids), refund_ids=list(refund_ids))
    seen = [RefundSeen(row.refund_id, row.order_id, row.seq, bytes(row.data_print)) for row in rows]
    return {one.key: one for one in seen}


async def insert_refunds(conn: Connection, refunds: Collection[RefundSeen]) -> None:
    """Remember refund ids that were told."""
    if refunds:
        await _REFUNDS_INSERT.run(
            conn,
            refund_id=[r.refund_id for r in refunds],
            order_id=[r.order_id for r in refunds],
            seq=[r.seq for r in refunds],
            data_print=[r.data_print for r in refunds],
        )


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
    if facts:
        rows = [_park(fact) for fact in facts]
        await _PARKED_INSERT.run(
            conn,
            order_id=[fact.order_id for fact in facts],
            seq=[fact.seq for fact in facts],
            kind=[kind for kind, _, _, _ in rows],
            at=[at for _, at, _, _ in rows],
            refund_id=[refund_id for _, _, refund_id, _ in rows],
            lines=[lines for _, _, _, lines in rows],
        )


async def delete_parked(conn: Connection, facts: Collection[OrderFollowUp]) -> None:
    """Forget facts that waited and were applied."""
    if facts:
        await _PARKED_DELETE.run(conn, order_id=[fact.order_id for fact in facts], seq=[fact.seq for fact in facts])


async def add_sales(conn: Connection, sales: Mapping[str, Sales]) -> None:
    """Add changes to members' sales."""
    if sales:
        await _SALES_ADD.run(
            conn,
            member_id=list(sales),
            own_gmv_fen=[change.own_gmv_fen for change in sales.values()],
            commission_fen=[change.commission_fen for change in sales.values()],
        )


async def load_sales(conn: Connection, member_ids: Collection[str]) -> list[SalesRow]:
    """Sales of members; one who never sold or earned is left out."""
    rows = await _SALES.run(conn, member_ids=list(member_ids))
    return [SalesRow(row.member_id, int(row.own_gmv_fen), int(row.commission_fen)) for row in rows]


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
        chain=[ChainPerson(**person) for person in row.chain],
        lines=[Line(**line) for line in row.lines],
        commissions=[Commission(**part) for part in row.commissions],
        state=row.state,
        completed_at=row.completed_at,
        cancelled_at=row.cancelled_at,
    )


def _park(fact: OrderFollowUp) -> tuple[str, datetime, str | None, str | None]:
    match fact:
        case OrderCompleted():
            return "completed", fact.completed_at, None, None
        case OrderCancelled():
            return "cancelled", fact.cancelled_at, None, None
        case OrderRefunded():
            return "refunded", fact.refunded_at, fact.refund_id, _json(fact.lines)


def _unpark(row: _ParkedRow) -> OrderFollowUp:
    match row.kind:
        case "completed":
            return OrderCompleted(row.seq, row.order_id, row.at)
        case "cancelled":
            return OrderCancelled(row.seq, row.order_id, row.at)
        case _:
            assert row.refund_id is not None and row.lines is not None
            lines = tuple(RefundLine(**line) for line in row.lines)
            # Its id and content were compared with others when it was told; no fingerprint is kept with it.
            return OrderRefunded(row.seq, row.refund_id, row.order_id, row.at, lines, b"")


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
