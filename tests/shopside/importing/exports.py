"""Small invented exports, read as the importer reads them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopside.importing.findings import Finding
from shopside.importing.layout import Layout, find_places, read_layout
from shopside.importing.orders import Currency, Order, Return, read_orders
from shopside.importing.reading import Row
from shopside.importing.returns import Refund, match_returns, stated_refunds
from shopside.importing.shop_events import events_of

RETAIL_HEADINGS = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
SHOPIFY_HEADINGS = (
    "Name,Email,Financial Status,Paid at,Fulfilled at,Currency,Subtotal,Shipping,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Shipping Street,Shipping City,Shipping Zip,"
    "Shipping Province,Shipping Country,Shipping Phone,Cancelled at,Refunded Amount"
)


@dataclass(frozen=True)
class Read:
    """What became of an export."""

    orders: list[Order]
    returns: list[Return]
    refunds: list[Refund]
    findings: list[Finding]
    layout: Layout

    @property
    def remarks(self) -> list[tuple[int, str, str, bool]]:
        """Row, field, code and whether something was refused, in the order of the file."""
        return sorted((finding.row, finding.field, finding.code, finding.refused) for finding in self.findings)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events as they would be sent."""
        sent = events_of(self.orders, self.refunds, f"import/{self.layout.name}", self.layout.channel)
        return [json.loads(outgoing.event) for outgoing in sent]

    def data(self, event_type: str) -> list[dict[str, Any]]:
        """The data of the events of one type."""
        return [event["data"] for event in self.events if event["type"] == event_type]


def read(
    rows: list[str], headings: str = RETAIL_HEADINGS, layout: str | Layout = "online-retail", currency: str = "GBP"
) -> Read:
    """Read rows that stand from line 2 on, for a brand of the given currency."""
    chosen = read_layout(layout) if isinstance(layout, str) else layout
    places = find_places(chosen, headings.split(","))
    findings: list[Finding] = []
    numbered = [Row(number, row.split(",")) for number, row in enumerate(rows, 2)]
    orders, returns = read_orders(numbered, chosen, places, Currency(currency), findings)
    refunds = match_returns(orders, returns, findings) + stated_refunds(orders, currency, findings)
    return Read(orders, returns, refunds, findings, chosen)


def shopify(*orders: dict[str, str]) -> Read:
    """Read a Shopify export of rows given by the headings that matter; the rest is an ordinary paid order."""
    ordinary = {
        "Name": "#1",
        "Email": "a@example.com",
        "Financial Status": "paid",
        "Paid at": "2026-03-02 10:15:09 +0800",
        "Currency": "CNY",
        "Created at": "2026-03-02 10:14:51 +0800",
        "Lineitem quantity": "1",
        "Lineitem name": "Cup",
        "Lineitem price": "79.00",
        "Lineitem sku": "CUP-004",
    }
    headings = SHOPIFY_HEADINGS.split(",")
    rows = [",".join({**ordinary, **order}.get(heading, "") for heading in headings) for order in orders]
    return read(rows, SHOPIFY_HEADINGS, "shopify", "CNY")


def write(path: Path, rows: list[str], headings: str = RETAIL_HEADINGS) -> Path:
    """A CSV file of these rows."""
    path.write_text("\n".join([headings, *rows]) + "\n", encoding="utf-8")
    return path
