"""Commands that look after a running installation: brands, the log's proof, dead letters."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from intake.streams import DEAD
from ledger import reactions as ledger_reactions
from ops.cli import app
from tests.graph.test_projector_tree import team
from tests.platform import Running, Shop
from tests.worker.test_nothing_stalls import failing


@pytest.fixture
def folder(installation: Running, tmp_path: Path) -> Path:
    """A data folder that points at the installation under test."""
    settings = installation.settings
    services = {
        "postgres": {"url": settings.postgres_url},
        "redis": {"url": settings.redis_url},
        "neo4j": {
            "url": settings.neo4j_url,
            "user": settings.neo4j_user,
            "password": settings.neo4j_password,
        },
        "api": {"url": settings.api_url},
    }
    (tmp_path / "services.json").write_text(json.dumps(services))
    (tmp_path / "settings.json").write_text(json.dumps({"clock": settings.clock}))
    (tmp_path / "master.key").write_text(settings.master_key.hex())
    (tmp_path / "credentials.json").write_text(json.dumps({"base_url": settings.api_url, "brands": {}}))
    return tmp_path


async def _trefoil(folder: Path, *arguments: str) -> Any:
    """Run the command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, [*arguments, "--data", str(folder)]))


async def test_a_brand_is_made_once_and_its_keys_are_kept(folder: Path, shop: Shop) -> None:
    name = f"c{shop.brand}"
    made = await _trefoil(folder, "brand", "add", name, "--currency", "GBP")
    assert made.exit_code == 0, made.output
    keys = json.loads((folder / "credentials.json").read_text())["brands"][name]["keys"]
    assert {"operator", "operator2", "finance2", "admin"} <= keys.keys()
    answer = await shop.http.get("/v1/brands", headers={"Authorization": f"Bearer {keys['admin']}"})
    assert [(b["brand"], b["currency"]) for b in answer.json()["items"]] == [(name, "GBP")]
    assert (await _trefoil(folder, "brand", "add", name)).exit_code == 1


async def test_the_log_is_verified_from_the_shell(folder: Path, shop: Shop) -> None:
    await shop.accept(shop.events.registered("m1"))
    verified = await _trefoil(folder, "log", "verify")
    row = next(line for line in verified.output.splitlines() if shop.brand in line)
    assert "1" in row and "holds" in row


async def test_log_and_books_are_sealed_and_held_against_the_seal(folder: Path, shop: Shop) -> None:
    """A seal is written, printed, and holds; a changed one does not; a file that is none is a wrong call."""
    await shop.accept(shop.events.registered("m1"))
    file = folder / "seal.json"
    assert (await _trefoil(folder, "log", "seal", "--brand", shop.brand, "--out", str(file))).exit_code == 0
    (kept,) = json.loads(file.read_text())["seals"]
    assert (kept["brand"], kept["log"]["seq"], kept["books"]["event_log"]) == (shop.brand, 1, 1)
    verified = await _trefoil(folder, "log", "verify", "--seal", str(file))
    assert "holds" in next(line for line in verified.output.splitlines() if shop.brand in line)

    printed = json.loads((await _trefoil(folder, "log", "seal", "--brand", shop.brand)).stdout)["seals"]
    assert printed[0]["number"] == kept["number"] + 1
    file.write_text(json.dumps({"seals": [{**kept, "log": {"seq": 2, "hash": kept["log"]["hash"]}}]}))
    changed = await _trefoil(folder, "log", "verify", "--seal", str(file))
    assert changed.exit_code == 1 and "not signed with this brand's key" in changed.output
    file.write_text("[]")
    assert (await _trefoil(folder, "log", "verify", "--seal", str(file))).exit_code == 2
    assert (await _trefoil(folder, "log", "seal", "--brand", "nobody")).exit_code == 1


async def test_dead_letters_are_listed_and_put_back(folder: Path, installation: Running) -> None:
    redis = installation.parts.redis
    added: Any = await redis.xadd(DEAD, {"event": b"[]", "problem": b'{"code":"bad_json","detail":"d"}'})
    number = added.decode()
    assert number in (await _trefoil(folder, "dead-letters", "list")).output
    assert (await _trefoil(folder, "dead-letters", "replay", number)).exit_code == 0
    assert await redis.xrange(DEAD, number, number) == []
    assert (await _trefoil(folder, "dead-letters", "replay", number)).exit_code == 1


async def test_events_that_were_set_aside_are_listed_and_dealt_with(
    folder: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await team(shop)
    with failing(monkeypatch, ledger_reactions, "_paid", "bad"):
        (seq,) = await shop.accept(shop.events.paid("bad", "c1", 10_000, promoter_id="leaf"))
        await shop.drain()
    monkeypatch.setenv("COLUMNS", "200")
    number = f"{shop.brand}/{seq}"
    assert number in (await _trefoil(folder, "dead-letters", "list")).output
    assert (await _trefoil(folder, "dead-letters", "replay", number)).exit_code == 0
    await shop.drain()
    assert await shop.balances("leaf") == {"pending_fen": 1_000}
    assert number not in (await _trefoil(folder, "dead-letters", "list")).output
    for unknown in (f"{shop.brand}/1", "nobody/1", f"{shop.brand}/x"):
        assert (await _trefoil(folder, "dead-letters", "replay", unknown)).exit_code == 1


async def test_a_folder_that_was_never_set_up_is_said_so(tmp_path: Path) -> None:
    told = await _trefoil(tmp_path, "log", "verify")
    assert told.exit_code == 1
