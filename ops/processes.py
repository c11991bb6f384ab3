"""What the platform's own processes run: ``python -m ops.processes migrate|api|worker --data DIR``."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import structlog
import typer
import uvicorn
import uvloop

from api.app import make_app
from api.connections import server_config
from brands.brands import Brands, brand_names
from core import telemetry
from core.clock import wall_now
from core.settings import ProcessSettings, read_settings
from core.stores.migrations import migrate as migrate_schema
from core.stores.neo4j import Graph
from core.stores.postgres import Postgres
from core.stores.queries import sql
from local.private_files import OTHERS, write_private
from ops.wiring import CONTRACTS, SEEDS, make_worker, open_platform

HOME_BRAND = "demo"
"""The brand every installation begins with; its admin adds others."""

Data = Annotated[Path, typer.Option(help="The data folder of the installation.")]
_INSTALL = sql("brands/install")

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.callback()
def private() -> None:
    """What a process makes is its owner's alone, also where no `trefoil up` started it."""
    os.umask(OTHERS)


@app.command()
def migrate(data: Data) -> None:
    """Bring the schemas up to date, make the first brand, write the credentials; safe to repeat."""
    uvloop.run(_migrate(read_settings(data)))


@app.command()
def api(data: Data) -> None:
    """Serve HTTP until stopped."""
    settings = read_settings(data)
    address = urlsplit(settings.api_url)
    served = make_app(lambda: open_platform(settings), CONTRACTS)
    server = uvicorn.Server(server_config(served, address.hostname or "127.0.0.1", address.port or 8000))
    server.run()
    if not server.started:
        raise typer.Exit(3)


@app.command()
def worker(data: Data) -> None:
    """Follow the log until stopped."""
    uvloop.run(_work(read_settings(data)))


async def _work(settings: ProcessSettings) -> None:
    async with open_platform(settings) as parts:
        gc.freeze()  # what was loaded at the start stays: looking through it again is a quarter of a comparison's work
        running = asyncio.create_task(make_worker(parts).run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _migrate(settings: ProcessSettings) -> None:
    ran = await migrate_schema(settings.postgres_url)
    structlog.get_logger().info("schema is up to date", migrations=ran)
    graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
    await graph.apply_schema()
    await graph.close()
    postgres = Postgres(settings.postgres_url)
    await postgres.open()
    brands = Brands(postgres, settings.master_key, SEEDS)
    try:
        async with postgres.installation() as conn:
            await _INSTALL.run(conn, clock=settings.clock)
        credentials = settings.data / "credentials.json"
        known = json.loads(credentials.read_text())["brands"] if credentials.exists() else {}
        if HOME_BRAND not in await brand_names(postgres):
            keys = await brands.add(HOME_BRAND, "CNY", "Asia/Shanghai", wall_now(), owner=True)
            known[HOME_BRAND] = {"keys": keys}
        elif HOME_BRAND not in known:  # a first start that was cut off between the brand and its credentials
            known[HOME_BRAND] = {"keys": await brands.issue_keys(HOME_BRAND, wall_now())}
        write_credentials(settings.data, settings.api_url, known)
    finally:
        await postgres.close()


def write_credentials(data: Path, api_url: str, brands: dict[str, dict[str, dict[str, str]]]) -> None:
    """``credentials.json``: where the API answers, and the keys of each brand; readable by the owner only."""
    write_private(data / "credentials.json", json.dumps({"base_url": api_url, "brands": brands}, indent=2))


if __name__ == "__main__":
    telemetry.configure(sys.stdout)
    app()
