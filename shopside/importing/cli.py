"""``trefoil import``: take a shop's export or a file of events through the public intake."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from core.clock import monotonic_s
from core.errors import Refusal
from shopside.client import CredentialsMissing, Outage, connect
from shopside.importing.amounts import exponent_of
from shopside.importing.findings import Unusable, write_report
from shopside.importing.layout import read_layout
from shopside.importing.sending import Taken, take_events, take_orders

SOME_REFUSED = 3
"""Exit code when rows were refused; everything else was taken."""
UNUSABLE = 2
"""Exit code when the input, the map or the brand cannot be used; nothing was sent."""
FAILED = 1
"""Exit code when the platform refused or stayed away; the same command may be given again."""


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV of orders, or JSON Lines of events; .gz is fine")],
    map_name: Annotated[
        str | None, typer.Option("--map", help="shopify, online-retail, or a column map (TOML); none for events")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="the currency of the file, where it is not the brand's or not stated")
    ] = None,
    report: Annotated[Path, typer.Option(help="where to write what was refused and why (CSV)")] = Path(
        "import-report.csv"
    ),
    data: Annotated[Path, typer.Option("--data", envvar="TREFOIL_DATA", help="the platform's data folder")] = Path(
        ".trefoil"
    ),
    brand: Annotated[str, typer.Option(help="the brand that gets the orders")] = "demo",
) -> None:
    """Take orders or events from a file. A repeat changes nothing.

    Ends with 0 when everything was taken, 3 when rows were refused (see the report), 2 for unusable input.
    """
    console = Console()
    started_s = monotonic_s()
    try:
        taken = asyncio.run(_run(console, file, map_name, currency, data, brand))
        write_report(report, taken.findings)
    except (Outage, Refusal) as error:
        Console(stderr=True).print(f"[red]import:[/] {_words(error)}", soft_wrap=True)
        raise typer.Exit(FAILED) from error
    except (CredentialsMissing, Unusable, OSError, ValueError) as error:
        Console(stderr=True).print(f"[red]import:[/] {error}", soft_wrap=True)
        raise typer.Exit(UNUSABLE) from error
    _tell(console, taken, monotonic_s() - started_s, report)
    if taken.refused_rows:
        raise typer.Exit(SOME_REFUSED)


async def _run(
    console: Console, file: Path, map_name: str | None, currency: str | None, data: Path, brand: str
) -> Taken:
    if currency is not None:
        currency = currency.upper()
        exponent_of(currency)
    layout = read_layout(map_name) if map_name else None
    if layout is None and file.name.removesuffix(".gz").casefold().endswith((".csv", ".tsv", ".txt")):
        raise Unusable(f"{file} looks like a table: name its columns with --map shopify, online-retail or a TOML file")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    async with connect(data, brand) as client:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("reading", total=None)

            def told(what: str, count: int) -> None:
                progress.update(task, description=f"{what}: {count:,}")

            if layout is None:
                return await take_events(client, file, told)
            return await take_orders(client, file, layout, currency, told)


def _tell(console: Console, taken: Taken, seconds: float, report: Path) -> None:
    statuses = taken.statuses
    console.print(f"{taken.rows:,} rows in {seconds:.1f} s, {taken.rows / max(seconds, 0.001):,.0f} a second")
    new, known, bad = (statuses[status] for status in ("accepted", "duplicate", "rejected"))
    console.print(f"{new:,} events new, {known:,} known before, {bad:,} rejected")
    counts: dict[tuple[str, str], int] = {}
    for finding in taken.findings:
        key = ("refused" if finding.refused else "note", finding.code)
        counts[key] = counts.get(key, 0) + 1
    if counts:
        table = Table("", "code", "rows")
        for (kind, code), count in sorted(counts.items(), reverse=True):
            table.add_row(kind, code, f"{count:,}")
        console.print(table)
    console.print(f"{taken.refused_rows:,} rows with something refused; every remark is in {report}", soft_wrap=True)


def _words(error: Exception) -> str:
    return f"{error.status} {error.code}: {error.detail}" if isinstance(error, Refusal) else str(error)
