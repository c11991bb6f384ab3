"""Small invented exports, read as the importer reads them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZipFile

from shopside.importing.cells import Currency
from shopside.importing.findings import Finding
from shopside.importing.layout import Layout, read_layout
from shopside.importing.sending import Taken, schedule_of
from shopside.importing.table import Table

RETAIL_HEADINGS = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
SHOPIFY_HEADINGS = (
    "Name,Email,Financial Status,Paid at,Fulfilled at,Currency,Subtotal,Shipping,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Shipping Street,Shipping City,Shipping Zip,"
    "Shipping Province,Shipping Country,Shipping Phone,Cancelled at,Refunded Amount"
)
Cell = str | int | float | datetime | None
PLAIN = {
    "name": "plain",
    "columns": {
        "order_id": "order",
        "buyer_id": "buyer",
        "placed_at": "time",
        "product_id": "sku",
        "quantity": "qty",
        "unit_price": "price",
    },
}
"""The smallest map of use."""


@dataclass(frozen=True)
class Read:
    """What became of an export."""

    events: list[dict[str, Any]]
    """The events as they would be sent."""
    findings: list[Finding]
    rows: int

    @property
    def remarks(self) -> list[tuple[int, str, str, bool]]:
        """Row, field, code and whether something was refused, in the order of the file."""
        return sorted((finding.row, finding.field, finding.code, finding.refused) for finding in self.findings)

    @property
    def refused(self) -> list[tuple[int, str]]:
        """Row and code of what was refused."""
        return sorted((finding.row, finding.code) for finding in self.findings if finding.refused)

    @property
    def orders(self) -> list[dict[str, Any]]:
        """The data of the orders taken."""
        return self.data("order.paid.v1")

    @property
    def refunds(self) -> list[dict[str, Any]]:
        """The data of the refunds taken."""
        return self.data("order.refunded.v1")

    def data(self, event_type: str) -> list[dict[str, Any]]:
        """The data of the events of one type."""
        return [event["data"] for event in self.events if event["type"] == event_type]

    def paid(self) -> dict[str, list[int]]:
        """What was paid on the lines of each order."""
        return {order["order_id"]: [line["paid_fen"] for line in order["lines"]] for order in self.orders}


def read_file(path: Path, layout: Layout, currency: str = "CNY", encoding: str | None = None) -> Read:
    """Read a file under a map, for a brand of the given currency."""
    findings: list[Finding] = []
    taken = Taken()
    table = Table(path, layout, encoding, findings)
    schedule = schedule_of(table, layout, Currency(currency), taken, findings, lambda what, count: None)
    return Read([json.loads(outgoing.event) for outgoing in schedule], findings, taken.rows)


def read_text(text: str, layout: Layout | dict[str, Any], currency: str = "CNY") -> Read:
    """Read the text of a file under a map."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return read_file(path, layout if isinstance(layout, Layout) else Layout.model_validate(layout), currency)


def plain(*rows: str, headings: str = "order,buyer,time,sku,qty,price", **keys: Any) -> Read:
    """Read rows from line 2 on under the smallest map and further keys; ``columns`` adds to its columns."""
    columns = {**PLAIN["columns"], **keys.pop("columns", {})}  # type: ignore[dict-item]
    return read_text("\n".join([headings, *rows]) + "\n", {**PLAIN, **keys, "columns": columns})


def read(
    rows: list[str], headings: str = RETAIL_HEADINGS, layout: str | Layout = "online-retail", currency: str = "GBP"
) -> Read:
    """Read rows that stand from line 2 on, for a brand of the given currency."""
    chosen = read_layout(layout) if isinstance(layout, str) else layout
    return read_text("\n".join([headings, *rows]) + "\n", chosen, currency)


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


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> Path:
    """A workbook (.xlsx) of these sheets: texts, numbers, times and empty cells."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006"
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="s{n}"/>' for n, name in zip(numbers, sheets, strict=True)
    )
    with ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{packed}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{packed}/relationships">'
            f'<Relationship Id="b" Type="{kinds}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{kinds}"><sheets>{listed}</sheets></workbook>'
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{packed}/relationships">'
            + "".join(
                f'<Relationship Id="s{n}" Type="{kinds}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
            )
            + f'<Relationship Id="f" Type="{kinds}/styles" Target="styles.xml"/></Relationships>',
        )
        book.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>',
        )
        for n, rows in zip(numbers, sheets.values(), strict=True):
            lines = "".join(f'<row r="{r}">{_cells(r, row)}</row>' for r, row in enumerate(rows, 1))
            book.writestr(
                f"xl/worksheets/sheet{n}.xml", f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>'
            )
    return path


def _cells(number: int, row: Sequence[Cell]) -> str:
    cells = []
    for place, cell in enumerate(row):
        at = f'r="{chr(ord("A") + place)}{number}"'
        if isinstance(cell, str):
            cells.append(f'<c {at} t="inlineStr"><is><t>{escape(cell)}</t></is></c>')
        elif isinstance(cell, datetime):
            days = (cell - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1)
            cells.append(f'<c {at} s="1"><v>{days!r}</v></c>')
        elif cell is not None:
            cells.append(f"<c {at}><v>{cell}</v></c>")
    return "".join(cells)
