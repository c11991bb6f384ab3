"""Taking a file through the public intake: batches out, refusals back to the rows they came from."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson

from core.errors import Refusal
from shopside.client import Answer, PlatformClient, batches
from shopside.importing.cells import Cells, Currency
from shopside.importing.findings import Finding, Remarks, note, refused
from shopside.importing.gathering import Gathering
from shopside.importing.layout import Layout
from shopside.importing.objects import elements_of
from shopside.importing.orders import OrderReader
from shopside.importing.reading import check_whole
from shopside.importing.refund_rows import refund_reader
from shopside.importing.returns import Matching, stated_refund
from shopside.importing.shop_events import Outgoing, Schedule
from shopside.importing.table import Table

_UNUSABLE_BODY: Final = frozenset((400, 413, 422))
_BRAND_CURRENCY_DEFAULT: Final = "CNY"


@dataclass(slots=True)
class Taken:
    """What an import did; it is filled while the import goes on."""

    rows: int = 0
    """Records of the file, the headings not counted."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Events by the intake's answer: accepted, duplicate, rejected."""
    how_read: str = ""
    """The encoding of a table, with the reason for it."""
    anything_sent: bool = False
    """True from the first batch on, whether or not it was answered."""


Told = Callable[[str, int], None]
"""Called while an import goes on: ``reading`` with rows, ``judging`` with orders, ``sending`` with events so far."""


async def take_events(client: PlatformClient, path: Path, taken: Taken, remarks: Remarks, told: Told) -> None:
    """Send a file of events. Raises Unusable, Refusal (keys, brand) and Outage."""
    check_whole(path)

    def counted() -> Iterator[Outgoing]:
        for element in elements_of(path):
            taken.rows += 1
            if element.problem:
                remarks.append(refused(element.number, "", *element.problem))
            else:
                yield Outgoing(element.text, "event", (element.number,))

    await _send(client, counted(), taken, remarks, told)


async def take_orders(
    client: PlatformClient,
    path: Path,
    layout: Layout,
    encoding: str | None,
    named: str | None,
    taken: Taken,
    remarks: Remarks,
    told: Told,
) -> None:
    """Send the orders of an export; nothing is sent before the file has been read to its end.

    ``encoding`` and ``named``, the currency, are what the caller says of the file. Raises Unusable, Refusal, Outage.
    """
    check_whole(path)
    currency = Currency(await brand_currency(client), named)
    table = Table(path, layout, encoding, remarks)
    taken.how_read = table.how_read
    await _send(client, schedule_of(table, layout, currency, taken, remarks, told), taken, remarks, told)


def schedule_of(
    table: Table, layout: Layout, currency: Currency, taken: Taken, remarks: Remarks, told: Told
) -> Iterable[Outgoing]:
    """The events that a table makes, earliest first; what it cannot take goes to the remarks. Raises Unusable."""
    cells = Cells(layout, table.places, currency, table.comma_likely, table.is_workbook)
    refund_rows = refund_reader(layout, cells, table.headings)
    gathering = Gathering(cells, refund_rows, len(table.headings), remarks)
    for row in table.rows():
        taken.rows += 1
        gathering.add(row)
        told("reading", taken.rows)
    reader = OrderReader(cells, refund_rows, remarks)
    matching = Matching(remarks)
    schedule = Schedule(f"import/{layout.name}", layout.channel)
    for count, gathered in enumerate(gathering.orders(), 1):
        judged = reader.judge(*gathered)
        if judged.order:
            schedule.sold(judged.order)
            matching.bought(judged.order)
            stated = stated_refund(judged.order, currency.expected, remarks)
            judged.refunds += [stated] if stated else []
        for refund in judged.refunds:
            schedule.gave_back(refund)
        for one in judged.returns:
            matching.came_back(one)
        told("judging", count)
    for refund in matching.refunds():
        schedule.gave_back(refund)
    return schedule


async def brand_currency(client: PlatformClient) -> str:
    """The currency of the client's brand; yuan where the installation does not say."""
    brands = await client.get("/v1/brands", "admin")
    for brand in brands["items"]:
        if brand["brand"] == client.brand:
            return str(brand.get("currency") or _BRAND_CURRENCY_DEFAULT)
    return _BRAND_CURRENCY_DEFAULT


async def _send(
    client: PlatformClient, outgoing: Iterable[Outgoing], taken: Taken, remarks: Remarks, told: Told
) -> None:
    known = _KnownSales(client)
    waiting: deque[Outgoing] = deque()

    def serialised() -> Iterator[bytes]:
        for one in outgoing:
            waiting.append(one)
            yield one.event

    for batch in batches(serialised()):
        sent = [waiting.popleft() for _ in batch]
        taken.anything_sent = True
        for one, answer in zip(sent, await _answers(client, batch), strict=True):
            taken.statuses[answer.status] += 1
            if answer.problem:
                remarks.extend(await _findings(known, one, answer.problem))
        told("sending", taken.statuses.total())


async def _answers(client: PlatformClient, batch: list[bytes]) -> list[Answer]:
    """One answer per event; a body that is refused as a whole is halved until the event that spoils it is found."""
    try:
        return await client.send(batch)
    except Refusal as refusal:
        if refusal.status not in _UNUSABLE_BODY:
            raise
        if len(batch) == 1:
            return [Answer(None, "rejected", refusal)]
    half = len(batch) // 2
    return await _answers(client, batch[:half]) + await _answers(client, batch[half:])


async def _findings(known: _KnownSales, one: Outgoing, problem: Refusal) -> list[Finding]:
    if one.what == "completed" and problem.code == "in_the_future":
        told = "the order counts as received later than now; import the file again then"
        return [note(one.rows[0], "completed_at", "not_yet_completed", told)]
    if one.what == "paid" and problem.code == "event_conflict" and await known.has(one.event):
        told = "this order is known with the same buyer, times and lines; what else the export says now is not taken"
        return [note(one.rows[0], "order_id", "order_known", told)]
    named = problem.errors[0].field if problem.errors else ""
    message = problem.errors[0].message if problem.errors else problem.detail
    told = message if one.what == "event" else f"order {one.what}: {message}"
    return [refused(row, named, problem.code, told) for row in sorted(set(one.rows))]


class _KnownSales:
    """What the platform knows of orders that were sent before."""

    def __init__(self, client: PlatformClient) -> None:
        self._client = client
        self._caught_up = False

    async def has(self, event: bytes) -> bool:
        """Is the order known with the same buyer, times and lines, so that only an address or the like has changed?"""
        data = orjson.loads(event)["data"]
        try:
            if not self._caught_up:
                # the books may not have reached what was sent a moment ago
                await self._client.drain()
                self._caught_up = True
            known = await self._client.get(f"/v1/orders/{quote(data['order_id'], safe='')}", "pipeline")
        except Refusal:
            return False
        return _sale(known) == _sale(data)


def _sale(order: dict[str, Any]) -> tuple[object, ...]:
    times = tuple(datetime.fromisoformat(order[name]) for name in ("placed_at", "paid_at"))
    lines = sorted((line["line_id"], line["paid_fen"]) for line in order["lines"])
    return (order["buyer_id"], times, lines)
