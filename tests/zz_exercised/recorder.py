"""Notes which query files a test run has executed against a real store."""

from collections.abc import AsyncIterator
from typing import Any

from core.stores.queries import CypherQuery, SqlQuery

EXERCISED: set[tuple[str, str]] = set()
"""Folder (``sql`` or ``cypher``) and name of every query file that has answered in this run."""


def install() -> None:
    """Make every query note itself once it has answered."""
    _note_runs(SqlQuery, "sql")
    _note_runs(CypherQuery, "cypher")
    stream = SqlQuery.stream

    async def noting_stream(self: SqlQuery[Any, Any], *args: Any, **params: Any) -> AsyncIterator[Any]:
        async for row in stream(self, *args, **params):
            yield row
        EXERCISED.add(("sql", self.header.name))

    SqlQuery.stream = noting_stream  # type: ignore[method-assign]


def _note_runs(kind: type[SqlQuery[Any, Any]] | type[CypherQuery[Any, Any]], folder: str) -> None:
    run: Any = kind.run

    async def noting_run(self: Any, *args: Any, **params: Any) -> Any:
        rows = await run(self, *args, **params)
        EXERCISED.add((folder, self.header.name))
        return rows

    kind.run = noting_run  # type: ignore[method-assign]
