"""Headers of query files: what disagrees with a row class stops the import, and rows travel as their header says."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NewType

import psycopg
import pytest

from core.stores import queries
from core.stores.queries import HeaderError, sql
from tests.services import Services
from tests.zz_exercised.recorder import EXERCISED

Id = NewType("Id", str)


@dataclass(frozen=True, slots=True)
class Line:
    line_id: str
    fen: int
    refunded_fen: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    order_id: Id
    lines: list[Line]
    note: str | None


@dataclass(frozen=True, slots=True)
class Other:
    order_id: Id
    lines: list[Given]
    note: str | None


@dataclass(frozen=True, slots=True)
class Untyped:
    order_id: Id
    lines: list[dict[str, Any]]
    note: str | None


_ECHO = """-- name:    echo
-- does:    Give back what was given.
-- mode:    read
-- params:  suffix: str
-- rows:    order_id: str, lines: list[line], note: str?
-- maps:    line{line_id: str, fen: int,
--               refunded_fen: int}
-- returns: order_id: str, lines: list[line], note: str?
-- bound:   what was given
SELECT o.order_id || %(suffix)s, o.lines, o.note
FROM unnest(%(order_id)s::text[], %(lines)s::text[]::jsonb[], %(note)s::text[]) AS o (order_id, lines, note);
"""


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A query file of its own, which may be rewritten."""
    monkeypatch.setattr(queries, "ROOT", tmp_path)
    file = tmp_path / "sql" / "echo.sql"
    file.parent.mkdir()
    file.write_text(_ECHO)
    yield file
    EXERCISED.discard(("sql", "echo"))  # it is none of the platform's


@pytest.mark.usefixtures("echo")
async def test_rows_go_and_come_as_values_of_their_classes(services: Services) -> None:
    query = sql("echo", Given, Given)
    rows = [Given(Id("a"), [Line("1", 5), Line("2", 7, 2)], None), Given(Id("b"), [], "x")]
    async with await psycopg.AsyncConnection.connect(services.postgres_url) as conn:
        assert await query.save(conn, rows, suffix="") == rows
        assert await query.save(conn, [], suffix="") == []


@pytest.fixture
def older(echo: Path) -> None:
    """A query that finds lines as an older version kept them."""
    echo.write_text(_ECHO.replace("o.lines, o.note\n", """'[{"line_id": "1", "fen": 5}]'::jsonb, o.note\n"""))


@pytest.mark.usefixtures("older")
async def test_what_was_kept_before_a_field_was_has_its_default(services: Services) -> None:
    async with await psycopg.AsyncConnection.connect(services.postgres_url) as conn:
        (row,) = await sql("echo", Given, Given).save(conn, [Given(Id("a"), [], None)], suffix="")
    assert row.lines == [Line("1", 5, 0)]


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize("wrong", [Line, Other, Untyped])
def test_a_class_that_differs_stops_the_import(wrong: type[Any]) -> None:
    with pytest.raises(HeaderError, match="echo"):
        sql("echo", wrong, Given)
    with pytest.raises(HeaderError, match="echo"):
        sql("echo", Given, wrong)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("note: str?\n-- maps", "note: str\n-- maps"),
        ("fen: int,\n", "fen: str,\n"),
        ("list[line], note: str?\n-- bound", "list[lines], note: str?\n-- bound"),
        ("refunded_fen: int}", "refunded_fen: datetime}"),
        ("-- does:    Give back what was given.\n", ""),
        ("-- mode:    read", "-- mode:    reads"),
    ],
)
def test_a_header_that_differs_stops_the_import(echo: Path, was: str, now: str) -> None:
    assert was in _ECHO
    echo.write_text(_ECHO.replace(was, now))
    with pytest.raises(HeaderError, match="echo"):
        sql("echo", Given, Given)


@pytest.mark.usefixtures("echo")
async def test_a_parameter_that_is_missing_is_no_query(services: Services) -> None:
    async with await psycopg.AsyncConnection.connect(services.postgres_url) as conn:
        with pytest.raises(HeaderError, match="suffix"):
            await sql("echo", Given, Given).save(conn, [Given(Id("a"), [], None)])
