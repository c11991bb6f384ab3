"""Logs hold no secret: whatever breaks, and wherever a caller puts what nobody may read, no line repeats it."""

from __future__ import annotations

import ast
import asyncio
import base64
import io
import json
import logging
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest
import structlog
from psycopg import sql
from redis.asyncio import Redis

from core import telemetry
from core.clock import wall_now
from core.settings import ProcessSettings
from core.stores.migrations import migrate
from intake.intake import Intake
from ledger import reactions as ledger_reactions
from local.ports import free_port
from ops.wiring import open_platform
from tests.house.sources import modules
from tests.platform import Events, Running, Shop, order

MARKS: Final = {
    "phone": "13987650417",
    "id_card": "11010519491231002X",
    "unionid": "oUnion-marked-93ab7",
    "device": "device-marked-51f0",
    "ip": "203.0.113.178",
    "payout_account": "6222020200112230417",
}
ADDRESS: Final = {"province": "浙江省", "city": "杭州市", "county": "余杭区", "detail": "marked-street-969"}
MARKED: Final = ("marked", *(value for name, value in MARKS.items() if "marked" not in value))
"""Every value of this test that no log may hold; most have the word itself in them."""


def personal(e: Events, number: int) -> list[dict[str, Any]]:
    """Events full of marked values, right ones and wrong ones."""
    named: dict[str, Any] = {"phone": MARKS["phone"], "ip": MARKS["ip"], "address": ADDRESS}
    own: dict[str, Any] = {**MARKS, "address": ADDRESS}
    member = f"marked-member-{number}"
    return [
        e.registered(member, external_id=f"marked-external-{number}"),
        e.identified(member, **own),
        e.approved(member, invited_by=None),
        e.paid(f"marked-order-{number}", f"marked-buyer-{number}", promoter_id=member, **named),
        {**e.registered(MARKS["phone"]), "time": MARKS["phone"]},
        e.paid("marked/order", MARKS["phone"], channel="\x00marked", **named),
        {"id": MARKS["unionid"], "marked": [MARKS["id_card"]]},
    ]


async def speak(shop: Shop, number: int) -> set[int]:
    """Requests with marked values in every place a caller can put one; the statuses of the answers."""
    e = shop.events
    token = ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"brand":"marked\\u0000","sub":"marked"}', b"marked")
    )
    check = {
        "check_id": f"marked-{number}",
        "stage": "order",
        "order": order(f"marked-{number}", "marked", promoter_id=f"marked-member-{number}", phone=MARKS["phone"]),
    }
    asked = {"member_id": f"marked-member-{number}", "amount_fen": 100, "channel": "bank"}
    bound = {"member_id": "marked", "promoter_id": "marked-2", "channel": "h5"}
    listed = {"kind": "phone", "value": MARKS["phone"], "reason": "marked"}
    headers = {"X-Note": "marked", "Idempotency-Key": f"marked-{number}", "Cookie": f"a={MARKS['phone']}"}
    calls: list[tuple[str, str, str, dict[str, Any]]] = [
        ("POST", "/v1/events", "pipeline", {"json": personal(e, number)}),
        ("POST", "/v1/events", "pipeline", {"content": b'{"marked": "\xff' + MARKS["phone"].encode()}),
        ("POST", "/v1/events?marked=13987650417", "pipeline", {"content": b'{"marked": 13987650417'}),
        ("POST", "/v1/risk/checks", "pipeline", {"json": check}),
        ("POST", "/v1/risk/checks", "pipeline", {"json": {**check, "stage": MARKS["phone"]}}),
        ("POST", "/v1/bindings", "operator", {"json": bound}),
        ("POST", "/v1/bindings", "operator", {"json": {"member_id": MARKS["phone"], MARKS["id_card"]: 1}}),
        ("POST", "/v1/withdrawals", "finance", {"json": {**asked, "payout_account": MARKS["payout_account"]}}),
        ("POST", "/v1/risk/blacklist", "analyst", {"json": listed}),
        ("GET", f"/v1/members/{MARKS['phone']}", "operator", {}),
        ("GET", "/v1/members/marked%00", "operator", {}),
        ("GET", f"/v1/members/marked-member-{number}/team?cursor=marked", "operator", {}),
        ("GET", "/v1/orders/marked?marked=13987650417", "operator", {}),
        ("GET", "/v1/events?status=rejected&cursor=marked", "pipeline", {}),
        ("GET", "/marked/13987650417?marked=13987650417", "operator", {}),
        ("GET", "/v1/members/m", "marked-key", {}),
        ("GET", "/v1/members/m", token, {}),
        ("MARKED", "/v1/members/marked", "operator", {}),
        ("POST", "/v1/members/marked/tokens", "pipeline", {}),
    ]  # fmt: skip
    answers = await asyncio.gather(
        *(shop.call(method, path, role, headers=headers, **request) for method, path, role, request in calls),
        return_exceptions=True,
    )
    _, writer = await asyncio.open_connection(shop.http.base_url.host, shop.http.base_url.port)
    writer.write(b"GET /marked HTTP/1.1\r\nAuthorization\x00: marked\r\n\r\nmarked 13987650417")
    await writer.drain()
    writer.close()
    return {answer.status_code for answer in answers if isinstance(answer, httpx.Response)}


def forms(values: list[str]) -> list[str]:
    """How a value may be spelled in a line."""
    return [form for value in values for form in (value, value.encode().hex(), json.dumps(value)[1:-1])]


def assert_silent(log: str, keys: dict[str, str]) -> None:
    found = [form for form in forms([*MARKED, *keys.values()]) if form in log]
    lines = [line for line in log.splitlines() if any(form in line for form in found)]
    assert not found, lines[:3]


@asynccontextmanager
async def storm(installation: Running, tmp_path: Path) -> AsyncIterator[tuple[Shop, ProcessSettings, Path]]:
    """An installation of its own: the platform's own processes over a fresh database, a brand, and their logs."""
    name = f"storm{secrets.token_hex(4)}"
    parts = urlsplit(installation.settings.postgres_url)
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url, autocommit=True) as owner:
        await owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    port = free_port()
    settings = installation.settings.model_copy(
        update={
            "data": tmp_path,
            "postgres_url": urlunsplit(parts._replace(path=f"/{name}")),
            "redis_url": urlunsplit(urlsplit(installation.settings.redis_url)._replace(path="/9")),
            "api_url": f"http://127.0.0.1:{port}",
            "clock": "real",
        }
    )
    services = {
        "postgres": {"url": settings.postgres_url},
        "redis": {"url": settings.redis_url},
        "neo4j": {"url": settings.neo4j_url, "user": settings.neo4j_user, "password": settings.neo4j_password},
        "api": {"url": settings.api_url},
    }
    (tmp_path / "services.json").write_text(json.dumps(services))
    (tmp_path / "settings.json").write_text(json.dumps({"clock": "real"}))
    (tmp_path / "master.key").write_text(settings.master_key.hex())
    await migrate(settings.postgres_url)
    running: list[subprocess.Popen[bytes]] = []
    try:
        async with open_platform(settings) as platform:
            brand = f"t{secrets.token_hex(5)}"
            keys = await platform.brands.add(brand, "CNY", "Asia/Shanghai", wall_now(), owner=True)
            running += [started(name, tmp_path) for name in ("api", "worker")]
            async with httpx.AsyncClient(base_url=settings.api_url, timeout=60) as client:
                while not await answers(client):
                    assert running[0].poll() is None, (tmp_path / "api.log").read_text()
                    await asyncio.sleep(0.2)
                yield Shop(brand, keys, client, platform), settings, tmp_path
    finally:
        for process in running:
            process.terminate()
        for process in running:
            await asyncio.to_thread(process.wait)
        async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url, autocommit=True) as owner:
            await owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def started(name: str, data: Path) -> subprocess.Popen[bytes]:
    """One of the platform's own processes, all it says in a file."""
    with (data / f"{name}.log").open("wb") as log:
        command = [sys.executable, "-m", "ops.processes", name, "--data", str(data)]
        return subprocess.Popen(command, stdout=log, stderr=log)


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).status_code == 200
    except httpx.HTTPError:
        return False


def refusing(table: str) -> tuple[str, str]:
    """A table that takes no row, and says of each what stands in it."""
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT no CHECK (false) NOT VALID",
        f"ALTER TABLE {table} DROP CONSTRAINT no",
    )


def missing(table: str) -> tuple[str, str]:
    return f"ALTER TABLE {table} RENAME TO hidden", f"ALTER TABLE hidden RENAME TO {table}"


BROKEN: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
FAULTS: Final = (
    refusing("entry"),
    refusing("event_log"),
    refusing("event_rejection"),
    missing("first_answer"),
    missing("outcome"),
    (BROKEN, "SELECT"),
)
"""What is done to Postgres, and how it is undone."""


async def test_a_storm_of_faults_leaves_no_secret_in_any_log(installation: Running, tmp_path: Path) -> None:
    """Stores refuse rows, lose tables, break in the middle; input is wrong in every place: and the worker goes on."""
    async with storm(installation, tmp_path) as (shop, settings, folder):
        redis = Redis.from_url(settings.redis_url)
        assert 200 in await speak(shop, 0)
        async with await psycopg.AsyncConnection.connect(settings.postgres_url, autocommit=True) as owner:
            for number, (hurt, heal) in enumerate(FAULTS, 1):
                await owner.execute(hurt.encode())
                await speak(shop, number)
                async for key in redis.scan_iter(match=f"*{shop.brand}*"):
                    await redis.delete(key)
                    await redis.set(key, "marked")
                for event in personal(shop.events, 100 + number):
                    await redis.xadd("trefoil.events", {"event": json.dumps({**event, "brand": shop.brand})})
                await redis.xadd("trefoil.events", {"event": "{marked", "marked": MARKS["phone"]})
                await asyncio.sleep(1.5)
                while hurt == FAULTS[0][0] and "step failed" not in (folder / "worker.log").read_text():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)  # the books come after the graph, which takes its time
                await owner.execute(heal.encode())
        await redis.flushdb()
        await redis.aclose()
        logs = {path.name: path.read_text() for path in folder.glob("*.log")}
    assert "request failed" in logs["api.log"] and "step failed" in logs["worker.log"]
    for log in logs.values():
        for line in log.splitlines():
            assert json.loads(line).keys() <= telemetry.FIELDS, line
        assert_silent(log, shop.keys | {"password": settings.neo4j_password, "postgres": settings.postgres_url})


@contextmanager
def written() -> Iterator[io.StringIO]:
    """The log of this process as the platform's own processes write it."""
    before, hooks = structlog.get_config(), (sys.excepthook, sys.unraisablehook)
    stream = io.StringIO()
    telemetry.configure(stream)
    try:
        yield stream
    finally:
        structlog.configure(**before)
        logging.captureWarnings(capture=False)
        logging.basicConfig(force=True)
        sys.excepthook, sys.unraisablehook = hooks


async def test_defects_quote_nothing_of_what_they_met(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error whose words, locals and cause hold all there is, in routes, in stages and in nobody's hands."""
    met: list[Any] = []

    async def broken(*given: Any, **named: Any) -> Any:
        met.append(given)
        try:
            raise KeyError(MARKS["phone"])
        except KeyError as error:
            raise ValueError(f"marked {given} {named}") from error

    def paid(*given: Any) -> Any:
        raise ArithmeticError(f"marked {given}")

    e = shop.events
    with written() as stream:
        with monkeypatch.context() as patch:
            patch.setattr(ledger_reactions, "_paid", paid)
            await shop.tell(*personal(e, 1)[:4])
        with monkeypatch.context() as patch:
            patch.setattr(Intake, "take", broken)
            patch.setattr(Intake, "command", broken)
            answer = await shop.call("POST", "/v1/events", json=personal(e, 2), headers={"X": "marked"})
            assert (answer.status_code, answer.json()["code"]) == (500, "internal")
            bound = {"member_id": "marked", "promoter_id": "marked-2", "channel": "h5"}
            keyed = {"Idempotency-Key": "marked"}
            answer = await shop.call("POST", "/v1/bindings", "operator", json=bound, headers=keyed)
            assert answer.status_code == 500
        lost = asyncio.create_task(broken(MARKS["phone"]))
        await asyncio.wait({lost})
        del lost
        logging.getLogger("some.library").error(f"marked {MARKS['phone']}")
        logging.getLogger("some.library").warning("it said %s", MARKS["phone"])
        logging.getLogger("some.library").error(ValueError("marked"))
        sys.excepthook(ValueError, ValueError("marked"), None)
        structlog.get_logger().error("said", brand=shop.brand, phone=MARKS["phone"], exc_info=True)
    log = stream.getvalue()
    assert len(met) == 3
    lines = [json.loads(line) for line in log.splitlines()]
    said = [line["event"] for line in lines]
    for event in ("request failed", "step failed", "event set aside", "it said %s", "said by a library", "not caught"):
        assert event in said, log
    failed = next(line for line in lines if line["event"] == "request failed")
    assert (failed["error"], failed["method"]) == ("ValueError from KeyError", "POST")
    assert "tests/" not in failed["error"] and "test_logs.py" in failed["where"]
    assert next(line for line in lines if line["event"] == "said")["left_out"] == 2
    assert_silent(log, shop.keys)
    # nor where the brand's admin reads of it
    seen = json.dumps(await shop.get("/v1/ops/consumers", "admin"))
    assert "ArithmeticError" in seen
    assert_silent(seen, shop.keys)
    async with shop.parts.postgres.brand(shop.brand) as conn:
        waiting = await (await conn.execute("SELECT error FROM set_aside")).fetchall()
    assert waiting
    assert_silent(repr(waiting), shop.keys)


_TOLD: Final = ("told(error)", "told(refusal)", "told(failure)", "words", "words_of(error)")


def test_every_line_says_a_constant_and_fields_of_the_list() -> None:
    calls = 0
    for path, tree in modules():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("_logger.", "level"))):
                continue
            calls += 1
            assert isinstance(node.args[0], ast.Constant) and len(node.args) == 1, f"{path}:{node.lineno}"
            for keyword in node.keywords:
                if keyword.arg is None:
                    assert ast.unparse(keyword.value) in (
                        "told(error)",
                        "told(refusal)",
                        "told(failure)",
                        "words",
                        "words_of(error)",
                    )
                else:
                    assert keyword.arg in telemetry.FIELDS, f"{path}:{node.lineno} {keyword.arg}"
    assert calls > 20
