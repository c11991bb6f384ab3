"""``trefoil import``: take a shop's export or a file of events through the public intake."""

from __future__ import annotations

import asyncio
import codecs
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from core.clock import monotonic_s
from core.errors import Refusal
from core.settings import data_folder
from shopside.client import CredentialsMissing, Outage, connect
from shopside.importing.amounts import exponent_of
from shopside.importing.findings import Report, Unusable
from shopside.importing.layout import map_file, read_layout
from shopside.importing.sending import Taken, Told, take_events, take_orders

SOME_REFUSED = 3
"""Exit code when rows were refused; everything else was taken."""
UNUSABLE = 2
"""Exit code when the input, the map, the report or the brand cannot be used; nothing was sent."""
FAILED = 1
"""Exit code when the platform refused or stayed away, or the report was lost; the same command may be given again."""
_TOLD_EVERY: Final = 100_000
"""Rows between two words of progress where no terminal shows them as they come."""


def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="orders: CSV, a workbook (.xlsx) or JSON; or events: JSON Lines, a JSON array; .gz too"),
    ],
    map_name: Annotated[
        str | None, typer.Option("--map", help="shopify, online-retail, or a map of your own (TOML); none for events")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="the currency of the file, where it is not the brand's or not stated")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="the encoding of the file, such as gb18030, where the guess would be wrong")
    ] = None,
    report: Annotated[Path, typer.Option(help="where to write what was refused and why (CSV)")] = Path(
        "import-report.csv"
    ),
    data: Annotated[
        Path, typer.Option("--data", envvar="TREFOIL_DATA", help="the platform's data folder", callback=data_folder)
    ] = Path(".trefoil"),
    brand: Annotated[str, typer.Option(help="the brand that gets the orders")] = "demo",
) -> None:
    """Take orders or events from a file. A repeat changes nothing.

    Ends with 0 when everything was taken, 3 when rows were refused (see the report), 2 for unusable input.
    """
    console, errors = Console(), Console(stderr=True)
    started_s = monotonic_s()
    taken = Taken()
    try:
        remarks = Report(report, (file, *((map_file(map_name),) if map_name else ())))
        try:
            asyncio.run(_run(errors, file, map_name, encoding, currency, data, brand, taken, remarks))
        finally:
            _write(errors, remarks, report)
    except (Outage, Refusal) as error:
        errors.print(f"[red]import:[/] {escape(_words(error))}", soft_wrap=True)
        errors.print(f"what was sent until then stays; the report so far is in {escape(str(report))}", soft_wrap=True)
        raise typer.Exit(FAILED) from error
    except (CredentialsMissing, Unusable, OSError, ValueError) as error:
        errors.print(f"[red]import:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(FAILED if taken.anything_sent else UNUSABLE) from error
    if taken.how_read:
        errors.print(taken.how_read, soft_wrap=True)
    _tell(console, taken, remarks, monotonic_s() - started_s, report)
    if remarks.refused_rows:
        raise typer.Exit(SOME_REFUSED)


def _write(errors: Console, remarks: Report, report: Path) -> None:
    try:
        remarks.write()
    except OSError as error:
        errors.print(f"[red]import:[/] the report {escape(str(report))} was lost: {error}", soft_wrap=True)
        raise typer.Exit(FAILED) from error


async def _run(
    errors: Console,
    file: Path,
    map_name: str | None,
    encoding: str | None,
    currency: str | None,
    data: Path,
    brand: str,
    taken: Taken,
    remarks: Report,
) -> None:
    if currency is not None:
        currency = currency.upper()
        exponent_of(currency)
    if encoding is not None:
        _known(encoding)
    layout = read_layout(map_name) if map_name else None
    if layout is None and file.name.removesuffix(".gz").casefold().endswith((".csv", ".tsv", ".txt", ".xlsx")):
        raise Unusable(f"{file} looks like a table: name its columns with --map shopify, online-retail or a TOML file")
    async with connect(data, brand) as client:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
            told = _teller(errors, progress)
            if layout is None:
                await take_events(client, file, taken, remarks, told)
            else:
                await take_orders(client, file, layout, encoding, currency, taken, remarks, told)


def _teller(errors: Console, progress: Progress) -> Told:
    """Progress as it comes on a terminal; elsewhere a line now and then."""
    task = progress.add_task("reading", total=None)
    last = ("", 0)

    def told(what: str, count: int) -> None:
        nonlocal last
        words = f"{what}: {count:,}"
        if errors.is_terminal:
            if count % 1_000 == 0 or what != last[0]:
                progress.update(task, description=words)
                last = (what, count)
        elif count // _TOLD_EVERY > (last[1] if what == last[0] else 0) // _TOLD_EVERY:
            errors.print(words)
            last = (what, count)

    return told


def _known(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise Unusable(f"{encoding} is no encoding that is known here: try utf-8, gb18030, big5 or cp1252") from None


def _tell(console: Console, taken: Taken, remarks: Report, seconds: float, report: Path) -> None:
    statuses = taken.statuses
    console.print(f"{taken.rows:,} rows in {seconds:.1f} s, {taken.rows / max(seconds, 0.001):,.0f} a second")
    new, known, bad = (statuses[status] for status in ("accepted", "duplicate", "rejected"))
    console.print(f"{new:,} events new, {known:,} known before, {bad:,} rejected")
    if remarks.counts:
        table = Table("", "code", "remarks")
        for (is_refused, code), count in sorted(remarks.counts.items(), reverse=True):
            table.add_row("refused" if is_refused else "note", code, f"{count:,}")
        console.print(table)
    console.print(f"{remarks.refused_rows:,} rows with something refused; every remark is in {report}", soft_wrap=True)


def _words(error: Exception) -> str:
    return f"{error.status} {error.code}: {error.detail}" if isinstance(error, Refusal) else str(error)
