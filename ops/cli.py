"""The ``trefoil`` command: start, stop and look at an installation, and what else is done from a shell.

Exit codes: 0 done; 1 something could not be done (the message says what and where to look); 2 the command was
called wrongly, also with a folder or a setting that cannot be used, or a clock that the folder does not live by (one
line says what); 3 (`import`) some rows were refused.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from core.settings import WrongSetting, data_folder
from local import CannotStart
from local.folder import ClockChosen, WrongFolder
from local.installation import Installation
from local.process import last_lines
from ops import care
from shopside.demo.cli import demo
from shopside.importing.cli import import_file

_FOLLOW_SECONDS = 0.3
_PROGRAM = (sys.executable, "-m", "ops.processes")

app = typer.Typer(
    name="trefoil",
    help="Distribution and commission platform with a relationship graph at its core.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
_out = Console()
_errors = Console(stderr=True)


class Clock(StrEnum):
    """Which time the platform lives by."""

    REAL = "real"
    SIMULATED = "simulated"


class Part(StrEnum):
    """What has a log of its own."""

    POSTGRES = "postgres"
    REDIS = "redis"
    NEO4J = "neo4j"
    KAFKA = "kafka"
    MIGRATE = "migrate"
    API = "api"
    WORKER = "worker"


Data = Annotated[
    Path, typer.Option("--data", envvar="TREFOIL_DATA", help="the platform's data folder", callback=data_folder)
]
_DATA = Path(".trefoil")


@app.command()
def up(
    data: Data = _DATA,
    clock: Annotated[
        Clock | None,
        typer.Option(help="simulated: time starts at the first event and moves on command (default: real)"),
    ] = None,
    empty: Annotated[  # noqa: ARG001 - said for the reader: no start loads data
        bool, typer.Option("--empty", help="load no data; so does every start, only `demo` and `import` load")
    ] = False,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="start a Kafka broker too, now and at later starts: events by topic")
    ] = False,
) -> None:
    """Start what is not running and return when all of it answers. The folder remembers clock and Kafka."""
    started = time.monotonic()
    with _told(data, "starting") as installed:
        address = installed.up(clock.value if clock else None, kafka=kafka)
    _out.print(f"Trefoil answers at [bold]{address}[/] ({time.monotonic() - started:.1f} s)")
    _out.print(f"Keys are in {data / 'credentials.json'}", soft_wrap=True)


@app.command()
def prepare(data: Data = _DATA, clock: Annotated[Clock | None, typer.Option()] = None) -> None:
    """For containers: write the folder's files, migrate, start nothing. Every store is given by address."""
    with _told(data, "preparing") as installed:
        installed.prepare(clock.value if clock else None)


@app.command()
def down(data: Data = _DATA) -> None:
    """Stop everything this folder runs. Nothing is deleted; stopping twice is fine."""
    with _told(data, "stopping") as installed:
        installed.down()
    _out.print("Trefoil is down")


@app.command()
def status(
    data: Data = _DATA,
    as_json: Annotated[bool, typer.Option("--json", help="for programs; addresses with passwords")] = False,
    check: Annotated[bool, typer.Option("--check", help="exit with 1 when a part is down")] = False,
) -> None:
    """Tell which parts run, as which process and where."""
    parts = Installation(data, _PROGRAM).status()
    if as_json:
        told = {name: {"up": part.up, "pid": part.pid, "url": part.url} for name, part in parts.items()}
        typer.echo(json.dumps({"services": told}, indent=2))
    else:
        table = Table("part", "", "process", "address")
        for name, part in parts.items():
            mark = "[green]up[/]" if part.up else "[red]down[/]"
            table.add_row(name, mark, str(part.pid or ""), _without_password(part.url))
        _out.print(table)
        if dead := [name for name, part in parts.items() if not part.up]:
            _out.print(f"[red]down:[/] {', '.join(dead)}; `trefoil up` starts what is down")
    if check and not all(part.up for part in parts.values()):
        raise typer.Exit(1)


@app.command()
def logs(
    part: Annotated[Part | None, typer.Argument(help="one part; all of them when left out")] = None,
    data: Data = _DATA,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="how many of the last lines")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until interrupted")] = False,
) -> None:
    """Show the logs."""
    installed = Installation(data, _PROGRAM)
    paths = {name.value: installed.log(name.value) for name in ([part] if part else Part)}
    for name, path in paths.items():
        if len(paths) > 1:
            _out.rule(name)
        if path.exists() and lines:
            typer.echo(last_lines(path, lines))
    if follow:
        for line in _followed(paths):
            typer.echo(line, nl=False)


app.command("demo")(demo)
app.command("import")(import_file)
app.command("db-login")(care.db_login)
app.add_typer(care.brand, name="brand")
app.add_typer(care.log_commands, name="log")
app.add_typer(care.dead_letters, name="dead-letters")


def main() -> None:
    """Run the command; what a person can act on is said in one message, without a traceback."""
    try:
        app()
    except CannotStart as error:
        _say(str(error))
        raise SystemExit(1) from None
    except (ClockChosen, WrongFolder, WrongSetting) as error:
        _say(" ".join(str(error).split()))
        raise SystemExit(2) from None


def _say(what: str) -> None:
    _errors.print("trefoil:", style="red", end=" ")
    _errors.print(what, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _told(data: Path, doing: str) -> Iterator[Installation]:
    """An installation whose steps are shown while they happen: one line for each part that is done."""
    started = time.monotonic()
    with _out.status(doing) as spinner:

        def tell(name: str, what: str) -> None:
            if what in ("answers", "is done", "is down"):
                _out.print(f"  {name:9}{what:9}{time.monotonic() - started:6.1f} s", highlight=False)
            else:
                spinner.update(f"{doing}: {name} {what}")

        yield Installation(data, _PROGRAM, tell)


def _without_password(url: str | None) -> str:
    parts = urlsplit(url or "")
    if parts.password is None:
        return url or ""
    return parts._replace(netloc=f"{parts.username or ''}@{parts.hostname}:{parts.port}").geturl()


def _followed(paths: dict[str, Path]) -> Iterator[str]:
    """What is written to the logs from now on, line by line, with the part's name when there are several."""
    read = {name: path.stat().st_size if path.exists() else 0 for name, path in paths.items()}
    while True:
        for name, path in paths.items():
            if not path.exists():
                continue
            if path.stat().st_size < read[name]:  # a new start began it anew
                read[name] = 0
            with path.open(errors="replace") as stream:
                stream.seek(read[name])
                for line in stream:
                    yield f"{name}: {line}" if len(paths) > 1 else line
                read[name] = stream.tell()
        time.sleep(_FOLLOW_SECONDS)
