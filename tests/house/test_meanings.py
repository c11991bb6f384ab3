"""Whoever looks at the database with a tool of their own finds what every table, view and column means."""

import re
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest_asyncio

from core.stores.migrations import migrate
from core.stores.queries import ROOT
from ops.reference.graph_model import (
    EDGES_MEAN,
    NODES_MEAN,
    PROPERTIES_MEAN,
    SYSTEM,
    keys,
    model,
    properties,
)
from tests.services import Services

_SAID = """
SELECT c.oid::regclass::text, a.attname, obj_description(c.oid), col_description(c.oid, a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace IN ('public'::regnamespace, 'people'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
"""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def said(services: Services) -> AsyncIterator[list[tuple[Any, ...]]]:
    await migrate(services.postgres_url)
    async with await psycopg.AsyncConnection.connect(services.postgres_url) as conn:
        yield await (await conn.execute(_SAID)).fetchall()


def test_every_table_and_column_says_what_it_means(said: list[tuple[Any, ...]]) -> None:
    """Add what is missing to sql/functions/for_people.sql."""
    assert {table for table, _, told, _ in said if not told} == set()
    assert [f"{table}.{column}" for table, column, _, told in said if not told] == []


def test_no_meaning_is_written_twice() -> None:
    text = (ROOT / "sql" / "functions" / "for_people.sql").read_text()
    names = re.findall(r"^([\w*]+(?:\.\w+)?): ", text, re.MULTILINE)
    assert len(names) > 100
    assert [name for name in names if names.count(name) > 1] == []


def test_everything_in_the_graph_has_a_meaning() -> None:
    """Add what is missing, and take out what is gone, in ops/reference/graph_model.py."""
    found = model()
    assert set(NODES_MEAN) == {label for label in keys() if label not in SYSTEM}
    assert set(EDGES_MEAN) == {edge.type for edge in found.edges}
    assert set(PROPERTIES_MEAN) == set(properties(found))
