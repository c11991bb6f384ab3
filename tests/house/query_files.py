"""The query files under ``cypher/`` and ``sql/``: all but schema and migrations."""

from pathlib import Path

from tests.house.sources import ROOT, files


def names(folder: str, suffix: str, *, without: str) -> list[str]:
    """Names (path without suffix) of the query files in one of the two folders."""
    top = ROOT / folder
    return [
        path.relative_to(top).with_suffix("").as_posix()
        for path in files()
        if path.suffix == suffix and path.is_relative_to(top) and not path.is_relative_to(top / without)
    ]


CYPHER = names("cypher", ".cypher", without="schema")
SQL = names("sql", ".sql", without="migrations")
SCHEMA = [path for path in files() if path.is_relative_to(ROOT / "cypher" / "schema")]


def path_of(folder: str, name: str) -> Path:
    """Where a query file lies."""
    return ROOT / folder / f"{name}.{folder}"
