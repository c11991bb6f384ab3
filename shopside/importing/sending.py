"""Taking a file through the public intake: batches out, refusals back to the rows they came from."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import Refusal
from shopside.client import Answer, PlatformClient, batches
from shopside.importing.event_lines import events_in
from shopside.importing.findings import Finding, Unusable, note, refused
from shopside.importing.layout import Layout, find_places
from shopside.importing.orders import Currency, read_orders
from shopside.importing.reading import Row, encoding_of, rows_of
from shopside.importing.returns import match_returns, stated_refunds
from shopside.importing.shop_events import Outgoing, events_of

_UNUSABLE_BODY: Final = frozenset((400, 413, 422))
_BRAND_CURRENCY_DEFAULT: Final = "CNY"


@dataclass(slots=True)
class Taken:
    """What an import did."""

    rows: int = 0
    """Records of the file, the headings not counted."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Events by the intake's answer: accepted, duplicate, rejected."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def refused_rows(self) -> int:
        """Rows of which something was not taken."""
        return len({finding.row for finding in self.findings if finding.refused})


Told = Callable[[str, int], None]
"""Called while an import goes on: ``reading`` with rows so far, ``sending`` with events so far."""


async def take_events(client: PlatformClient, path: Path, told: Told) -> Taken:
    """Send a file of events. Raises Unusable, Refusal (keys, brand) and Outage."""
    taken = Taken()

    def counted() -> Iterator[Outgoing]:
        for outgoing in events_in(path, taken.findings):
            taken.rows += 1
            yield outgoing

    await _send(client, counted(), taken, told)
    taken.rows += sum(finding.code in ("bad_json", "bad_encoding", "body_too_large") for finding in taken.findings)
    return taken


async def take_orders(client: PlatformClient, path: Path, layout: Layout, named: str | None, told: Told) -> Taken:
    """Send the orders of an export. ``named`` is the currency that the caller says the file is in."""
    currency = Currency(await brand_currency(client), named)
    taken = Taken()
    rows = rows_of(path, layout.encoding or encoding_of(path), taken.findings)
    headings = next(rows, None)
    if headings is None:
        raise Unusable(f"{path} is empty")
    places = find_places(layout, headings.cells)

    def counted() -> Iterator[Row]:
        for row in rows:
            taken.rows += 1
            if taken.rows % 1_000 == 0:
                told("reading", taken.rows)
            yield row

    orders, returns = read_orders(counted(), layout, places, currency, taken.findings)
    refunds = match_returns(orders, returns, taken.findings)
    refunds += stated_refunds(orders, currency.expected, taken.findings)
    await _send(client, events_of(orders, refunds, f"import/{layout.name}", layout.channel), taken, told)
    return taken


async def brand_currency(client: PlatformClient) -> str:
    """The currency of the client's brand; yuan where the installation does not say."""
    brands = await client.get("/v1/brands", "admin")
    for brand in brands["items"]:
        if brand["brand"] == client.brand:
            return str(brand.get("currency") or _BRAND_CURRENCY_DEFAULT)
    return _BRAND_CURRENCY_DEFAULT


async def _send(client: PlatformClient, outgoing: Iterable[Outgoing], taken: Taken, told: Told) -> None:
    waiting: deque[Outgoing] = deque()

    def serialised() -> Iterator[bytes]:
        for one in outgoing:
            waiting.append(one)
            yield one.event

    for batch in batches(serialised()):
        sent = [waiting.popleft() for _ in batch]
        for one, answer in zip(sent, await _answers(client, batch), strict=True):
            taken.statuses[answer.status] += 1
            if answer.problem:
                taken.findings += _findings(one, answer.problem)
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


def _findings(one: Outgoing, problem: Refusal) -> list[Finding]:
    if one.what == "completed" and problem.code == "in_the_future":
        told = "the order counts as received later than now; import the file again then"
        return [note(one.rows[0], "completed_at", "not_yet_completed", told)]
    named = problem.errors[0].field if problem.errors else ""
    message = problem.errors[0].message if problem.errors else problem.detail
    told = message if one.what == "event" else f"order {one.what}: {message}"
    return [refused(row, named, problem.code, told) for row in sorted(set(one.rows))]
