"""Migrations run once and stay as they were; functions are applied again when their text was changed."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from psycopg.conninfo import make_conninfo

from core.stores.migrations import MigrationChanged, migrate
from core.stores.queries import ROOT
from tests.services import Services


@pytest_asyncio.fixture
async def fresh_url(services: Services) -> AsyncIterator[str]:
    """The address of an empty database of this test's own."""
    name = f"trefoil_fresh_{secrets.token_hex(4)}"
    async with await psycopg.AsyncConnection.connect(services.postgres_url, autocommit=True) as server:
        await server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield make_conninfo(services.postgres_url, dbname=name)
        await server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One migration and two functions; the second calls the first."""
    for part in ("migrations", "functions"):
        (tmp_path / part).mkdir()
    (tmp_path / "migrations" / "0001_start.sql").write_text(
        "CREATE TABLE answer (of int); INSERT INTO answer VALUES (1);"
    )
    function(tmp_path, "one", "SELECT of FROM answer")
    function(tmp_path, "two", "SELECT one() + 1")
    return tmp_path


def function(folder: Path, name: str, text: str) -> None:
    made = f"CREATE OR REPLACE FUNCTION {name}() RETURNS int LANGUAGE sql BEGIN ATOMIC {text}; END"
    (folder / "functions" / f"{name}.sql").write_text(made)


async def answer(url: str, query: str) -> Any:
    async with await psycopg.AsyncConnection.connect(url) as conn:
        row = await (await conn.execute(query)).fetchone()
    assert row is not None
    return row[0]


async def test_a_fresh_database_gets_all_by_name_and_functions_last(fresh_url: str) -> None:
    ran = await migrate(fresh_url)
    stems = {
        part: sorted(path.stem for path in (ROOT / "sql" / part).glob("*.sql")) for part in ("migrations", "functions")
    }
    assert ran == [*stems["migrations"], *(f"functions/{stem}" for stem in stems["functions"])]
    assert {"functions/post", "functions/save_decisions"} <= set(ran)
    assert await migrate(fresh_url) == []


async def test_only_a_changed_function_is_applied_again(fresh_url: str, folder: Path) -> None:
    assert await migrate(fresh_url, folder) == ["0001_start", "functions/one", "functions/two"]
    assert await answer(fresh_url, "SELECT two()") == 2
    assert await migrate(fresh_url, folder) == []
    function(folder, "one", "SELECT of + 10 FROM answer")
    assert await migrate(fresh_url, folder) == ["functions/one"]
    assert await answer(fresh_url, "SELECT two()") == 12
    assert await migrate(fresh_url, folder) == []


async def test_a_function_may_use_what_the_same_run_migrates(fresh_url: str, folder: Path) -> None:
    await migrate(fresh_url, folder)
    (folder / "migrations" / "0002_more.sql").write_text("ALTER TABLE answer ADD COLUMN more int DEFAULT 5;")
    function(folder, "one", "SELECT more FROM answer")
    assert await migrate(fresh_url, folder) == ["0002_more", "functions/one"]
    assert await answer(fresh_url, "SELECT two()") == 6


async def test_a_function_that_fails_leaves_all_as_it_was(fresh_url: str, folder: Path) -> None:
    await migrate(fresh_url, folder)
    (folder / "migrations" / "0002_more.sql").write_text("UPDATE answer SET of = 7;")
    function(folder, "two", "SELECT nobody()")
    with pytest.raises(psycopg.errors.UndefinedFunction):
        await migrate(fresh_url, folder)
    assert await answer(fresh_url, "SELECT two()") == 2


async def test_a_changed_migration_stops_the_run(fresh_url: str, folder: Path) -> None:
    await migrate(fresh_url, folder)
    (folder / "migrations" / "0001_start.sql").write_text("SELECT 1")
    with pytest.raises(MigrationChanged):
        await migrate(fresh_url, folder)
