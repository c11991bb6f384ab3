"""``trefoil demo``: run a demo shop through the public intake."""

from __future__ import annotations

import asyncio
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.errors import Refusal
from core.settings import data_folder
from shopside.client import CredentialsMissing, Outage, connect
from shopside.demo.closing import look_up, tell
from shopside.demo.delivery import ShopRejected, Tally, deliver
from shopside.demo.scales import START_DEFAULT, WEEKS
from shopside.demo.shop import Shop, shop_of


class ScaleName(StrEnum):
    """Sizes of the demo shop."""

    SMALL = "small"
    SHOP = "shop"


def demo(
    scale: Annotated[ScaleName, typer.Option(help="small: 300 members in seconds; shop: 12,600 distributors")] = (
        ScaleName.SMALL
    ),
    seed: Annotated[int, typer.Option(min=0, help="another seed is another shop")] = 1,
    data: Annotated[
        Path, typer.Option("--data", envvar="TREFOIL_DATA", help="the platform's data folder", callback=data_folder)
    ] = Path(".trefoil"),
    brand: Annotated[str, typer.Option(help="the brand that gets the shop")] = "demo",
    start: Annotated[str, typer.Option(help="the first day of the year, a Monday")] = START_DEFAULT.isoformat(),
) -> None:
    """Send a labelled, seeded year of a shop through the public intake and tell what came of it.

    Running it again changes nothing; a run that was interrupted goes on where it must.
    """
    console = Console()
    try:
        shop = shop_of(scale.value, seed, date.fromisoformat(start))
        asyncio.run(_run(console, shop, data, brand))
    except (Outage, ShopRejected, Refusal) as error:
        Console(stderr=True).print(f"[red]demo:[/] {_words(error)}", soft_wrap=True)
        raise typer.Exit(1) from error
    except (CredentialsMissing, OSError, ValueError) as error:
        Console(stderr=True).print(f"[red]demo:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(2) from error


async def _run(console: Console, shop: Shop, data: Path, brand: str) -> None:
    labels = data / f"{brand}-labels.jsonl"
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with connect(data, brand) as client:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("opening the shop", total=WEEKS)

            def told(weeks: int, tally: Tally) -> None:
                progress.update(task, completed=weeks, description=f"{tally.statuses.total():,} events")

            tally = await deliver(client, shop, labels, told)
        findings = await look_up(client, tally)
        tell(console, tally, findings, client, data, brand)
        console.print(f"\nWhat every member and order truly is: {labels}", soft_wrap=True)


def _words(error: Exception) -> str:
    if isinstance(error, Refusal):
        return f"{error.status} {error.code}: {error.detail}"
    return str(error)
