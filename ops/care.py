"""Commands that look after a running installation: brands, the log's proof, dead letters."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.platform import Platform
from brands.brands import brand_names
from brands.logins import Login, end_login, login_name, make_login
from core import limits
from core.errors import Refusal, not_found
from core.settings import WrongSetting, data_folder, read_settings, whole
from events import aside
from events.aside import Aside
from events.fields import BRAND_PATTERN, matches
from events.shop import EventReplayed
from evidence.seal import Seal, seal
from evidence.verify import Proof, verify
from intake.dead_letters import DeadLetter
from intake.transport import Transport
from ops.processes import write_credentials
from ops.wiring import open_platform

T = TypeVar("T")


class LoginRole(StrEnum):
    """Roles that may read with a tool of their own."""

    ANALYST = "analyst"
    FINANCE = "finance"
    AUDITOR = "auditor"


Data = Annotated[
    Path, typer.Option("--data", envvar="TREFOIL_DATA", help="the platform's data folder", callback=data_folder)
]
_DATA = Path(".trefoil")
_out = Console()
_errors = Console(stderr=True)

brand = typer.Typer(help="Brands of the installation.", no_args_is_help=True)
log_commands = typer.Typer(help="The event log.", no_args_is_help=True)
dead_letters = typer.Typer(help="Messages of streams and topics that could not be taken.", no_args_is_help=True)


def _with_platform(data: Path, work: Callable[[Platform], Awaitable[T]]) -> T:
    """Run against the installation's stores; what a person can act on ends the command with one message."""

    async def run() -> T:
        async with open_platform(read_settings(data)) as parts:
            return await work(parts)

    try:
        return uvloop.run(run())
    except FileNotFoundError:
        _errors.print(f"[red]trefoil:[/] nothing is set up in {data}; run `trefoil up` first", soft_wrap=True)
    except Refusal as refusal:
        _errors.print(f"[red]trefoil:[/] {refusal.detail} ({refusal.code})", soft_wrap=True)
    raise typer.Exit(1)


@brand.command("add")
def brand_add(
    name: Annotated[str, typer.Argument(help="short and plain: a-z, 0-9, - and _")],
    currency: Annotated[str, typer.Option(help="ISO 4217")] = "CNY",
    time_zone: Annotated[str, typer.Option(help="of the IANA database")] = "Asia/Shanghai",
    data: Data = _DATA,
) -> None:
    """Make a brand and add its keys to credentials.json."""
    if not matches(BRAND_PATTERN, name):
        raise WrongSetting("a brand's name has a-z, 0-9, - and _, at most 40 of them")

    async def work(parts: Platform) -> dict[str, str]:
        now = await parts.clock.now()
        return await parts.brands.add(name, currency, time_zone, now)

    path = data / "credentials.json"
    base_url, brands = _credentials(path) if path.exists() else ("", {})  # first: a brand without its keys is of no use
    keys = _with_platform(data, work)
    write_credentials(data, base_url, brands | {name: {"keys": keys}})
    _out.print(f"Brand [bold]{name}[/] is made; its keys are in {path}")


def _credentials(path: Path) -> tuple[str, dict[str, Any]]:
    """Where the API answers, and what is kept of each brand. Raises WrongSetting."""
    with whole(path):
        found = json.loads(path.read_text())
        base_url, brands = found["base_url"], dict(found["brands"])
        if not isinstance(base_url, str):
            raise TypeError
        return base_url, brands


def db_login(
    role: Annotated[LoginRole, typer.Argument(help="which views it may read")],
    brand_name: Annotated[str, typer.Option("--brand", help="the brand it sees")] = "demo",
    end: Annotated[bool, typer.Option("--end", help="end the login and its sessions")] = False,
    data: Data = _DATA,
) -> None:
    """Make a login of the database for people with a tool of their own; its address is printed once.

    It reads views without personal columns, of one brand. The same again gives it another password.
    """

    async def work(parts: Platform) -> Login | None:
        if end:
            await end_login(url, role.value, brand_name)
            return None
        return await make_login(url, role.value, brand_name, await parts.clock.now())

    try:
        url = read_settings(data).postgres_url
    except FileNotFoundError:
        url = ""  # told below, with every other command
    made = _with_platform(data, work)
    if made is None:
        _out.print(f"The login {login_name(role.value, brand_name)} is ended")
        return
    address = urlsplit(url)
    place = address.netloc.rpartition("@")[2]
    typer.echo(address._replace(netloc=f"{made.name}:{made.password}@{place}").geturl())


@log_commands.command("seal")
def log_seal(
    only: Annotated[str | None, typer.Option("--brand", help="one brand; all of them when left out")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="a file to write to; else it is printed")] = None,
    data: Data = _DATA,
) -> None:
    """Sign where log and books of every brand stand, and write it down: keep it where no owner of the database writes.

    `trefoil log verify --seal FILE` holds them against it later, and finds an end that was cut off since.
    """

    async def work(parts: Platform) -> list[Seal]:
        names = await brand_names(parts.postgres)
        if only is not None and only not in names:
            raise not_found("brand")
        at = await parts.clock.now()
        return [await seal(parts.postgres, parts.keyring, name, at) for name in names if only in (None, name)]

    text = json.dumps({"seals": _with_platform(data, work)}, indent=2)
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
        _out.print(f"Sealed; written to {out}", soft_wrap=True)


@log_commands.command("verify")
def log_verify(
    seal_file: Annotated[Path | None, typer.Option("--seal", help="what `trefoil log seal` wrote")] = None,
    data: Data = _DATA,
) -> None:
    """Prove that log and books of every brand are what the platform wrote; exit 1 when something is not."""
    seals = _read_seals(seal_file) if seal_file is not None else []

    async def work(parts: Platform) -> dict[str, Proof]:
        names = await brand_names(parts.postgres)
        if strange := {str(one.get("brand")) for one in seals} - set(names):
            raise Refusal(404, "not_found", f"the seal is of brands that are not here: {', '.join(sorted(strange))}")
        return {
            name: await verify(parts.postgres, parts.keyring, name, [one for one in seals if one["brand"] == name])
            for name in names
        }

    found = _with_platform(data, work)
    table = Table("brand", "events", "journals", "proof", "head")
    for name, proof in found.items():
        mark = "[green]holds[/]" if proof.ok else "[red]broken[/]"
        table.add_row(name, str(proof.events), str(proof.journals), mark, proof.log_hash[:16])
    _out.print(table)
    for name, proof in found.items():
        for one in proof.findings:
            said = f"{name}: {one.book} {one.key or ''}: {one.problem}"
            _errors.print(said, style="red", markup=False, highlight=False, soft_wrap=True)
    if not all(proof.ok for proof in found.values()):
        raise typer.Exit(1)


def _read_seals(path: Path) -> list[Seal]:
    """The seals of a file; ends the command where it is none."""
    try:
        return [dict(one, brand=str(one["brand"])) for one in json.loads(path.read_text(encoding="utf-8"))["seals"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise typer.BadParameter(f"{path} is no file of seals") from None


@dead_letters.command("list")
def dead_letters_list(
    count: Annotated[int, typer.Option("-n", min=1, max=limits.PAGE_ITEMS_MAX)] = 20, data: Data = _DATA
) -> None:
    """Show the latest dead letters of each transport, and the latest events that a consumer of the log set aside.

    Personal values are masked. Exit 1 when a transport is away.
    """

    async def work(parts: Platform) -> tuple[dict[str, list[DeadLetter] | Refusal], dict[str, list[Aside]]]:
        letters = {transport.name: await _letters(transport, count) for transport in parts.transports}
        set_aside = {}
        for name in await brand_names(parts.postgres):
            async with parts.postgres.brand(name) as conn:
                set_aside[name] = await aside.latest(conn, name, aside.FROM_THE_LATEST, count)
        return letters, set_aside

    found, set_aside = _with_platform(data, work)
    table = Table("number", "from", "code", "problem", "event")
    for letters in found.values():
        for letter in [] if isinstance(letters, Refusal) else letters:
            seen = letter.event.decode("utf-8", "replace")[:120]
            table.add_row(letter.number, letter.origin, letter.problem["code"], letter.problem["detail"], escape(seen))
    for name, events in set_aside.items():
        for event in events:
            table.add_row(f"{name}/{event.seq}", event.consumer, "failed", escape(event.error), "")
    _out.print(table)
    away = {name: refusal for name, refusal in found.items() if isinstance(refusal, Refusal)}
    for name, refusal in away.items():
        _errors.print(f"[red]trefoil:[/] {name}: {refusal.detail} ({refusal.code})", soft_wrap=True)
    if away:
        raise typer.Exit(1)


async def _letters(transport: Transport, count: int) -> list[DeadLetter] | Refusal:
    try:
        return await transport.letters(count)
    except Refusal as refusal:
        return refusal


@dead_letters.command("replay")
def dead_letters_replay(
    numbers: Annotated[list[str], typer.Argument(help="as `dead-letters list` shows them")], data: Data = _DATA
) -> None:
    """Put dead letters back on the stream or topic they came from; have events that were set aside dealt with."""

    async def work(parts: Platform) -> list[str]:
        return [
            number
            for number in numbers
            if not await (_dealt_with(parts, number) if "/" in number else _replayed(parts.transports, number))
        ]

    if missing := _with_platform(data, work):
        _errors.print(f"[red]trefoil:[/] no such dead letter: {', '.join(missing)}")
        raise typer.Exit(1)
    _out.print(f"{len(numbers)} put back")


async def _dealt_with(parts: Platform, number: str) -> bool:
    """Append a replay of ``BRAND/SEQ``; False when no consumer set such an event aside."""
    brand_name, _, text = number.partition("/")
    if not text.isdecimal() or brand_name not in await brand_names(parts.postgres):
        return False
    async with parts.postgres.brand(brand_name) as conn:
        waiting = await aside.by_whom(conn, brand_name, [one.name for one in parts.consumers], int(text))
    if not waiting:
        return False
    at = await parts.clock.now()
    command = EventReplayed(seq=int(text), reason="replayed from the shell", at=at, actor="shell")
    await parts.intake.command(brand_name, command, path="/replays", key=None, request=number.encode())
    return True


async def _replayed(transports: Sequence[Transport], number: str) -> bool:
    """Whether a transport had a letter of this number; no two number theirs alike."""
    for transport in transports:
        if await transport.replay(number):
            return True
    return False
