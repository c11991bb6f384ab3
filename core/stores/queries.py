"""Query files as typed values: each file's header is a contract that its row class must equal.

A header is comment lines ``name, does, mode, params, returns, bound`` at the top of the file. Types are ``str int float
bool datetime bytes map any`` and ``list[...]`` of them; ``?`` marks what may be null. ``nothing`` means no columns.
Any disagreement between file, header and row class stops the import.
"""

from __future__ import annotations

import re
import types
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, overload

import psycopg
from neo4j import AsyncSession, AsyncTransaction
from neo4j.time import DateTime

Row = TypeVar("Row")
ROOT = Path(__file__).resolve().parents[2]
_PYTHON_TYPES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "datetime": datetime,
    "bytes": bytes,
    "map": dict[str, Any],
    "any": Any,
}
_HEADER_KEYS = ("name", "does", "mode", "params", "returns", "bound")


class HeaderError(Exception):
    """A query file whose header, text and row class do not agree; raised at import."""


@dataclass(frozen=True, slots=True)
class Column:
    """One parameter or column of a query: its name and its type as written in the header."""

    name: str
    type: str

    @property
    def python_type(self) -> Any:
        text = self.type.removesuffix("?")
        listed = re.fullmatch(r"list\[(\w+)\]", text)
        plain: Any = types.GenericAlias(list, (_PYTHON_TYPES[listed[1]],)) if listed else _PYTHON_TYPES[text]
        return plain | None if self.type.endswith("?") else plain


@dataclass(frozen=True)
class Header:
    """What a query file promises."""

    name: str
    does: str
    mode: Literal["read", "write"]
    params: tuple[Column, ...]
    returns: tuple[Column, ...]
    bound: str

    @cached_property
    def param_names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.params)


def read_header(path: Path, comment: str) -> tuple[Header, str]:
    """Parse the header and text of one query file; raises HeaderError naming the file."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if not line.startswith(comment):
            break
        match = re.match(rf"{re.escape(comment)} (\w+): +(.*)", line)
        if match and match[1] in _HEADER_KEYS:
            last = match[1]
            found[last] = match[2].strip()
        elif last:  # a long header line goes on, indented
            found[last] += " " + line.removeprefix(comment).strip()
    missing = [key for key in _HEADER_KEYS if key not in found]
    if missing:
        raise HeaderError(f"{path}: header lacks {', '.join(missing)}")
    mode = found["mode"]
    if mode not in ("read", "write"):
        raise HeaderError(f"{path}: mode is read or write")
    header = Header(
        name=found["name"],
        does=found["does"],
        mode=mode,  # type: ignore[arg-type]
        params=_columns(path, found["params"]),
        returns=_columns(path, found["returns"]),
        bound=found["bound"],
    )
    return header, text


def _columns(path: Path, text: str) -> tuple[Column, ...]:
    if text == "nothing":
        return ()
    columns = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\w+): ((?:list\[\w+\]|\w+)\??)\s*", part)
        if not match:
            raise HeaderError(f"{path}: cannot read {part!r}; write `name: type`")
        columns.append(Column(match[1], match[2]))
        columns[-1].python_type  # noqa: B018 - raises KeyError on an unknown type
    return tuple(columns)


def _check_row(header: Header, row: type[Any] | None) -> None:
    if row is None:
        if header.returns:
            raise HeaderError(f"{header.name}: returns columns but no row class was given")
        return
    assert is_dataclass(row)
    hints = get_type_hints(row)
    want = [(column.name, column.python_type) for column in header.returns]
    have = [(field.name, _widened(hints[field.name])) for field in fields(row)]
    if want != have:
        raise HeaderError(f"{header.name}: header returns {want}, {row.__name__} has {have}")


def _widened(hint: Any) -> Any:
    """A closed set of texts is a text to the database."""
    if get_origin(hint) is Literal:
        return str
    if get_origin(hint) in (types.UnionType, Union) and any(get_origin(part) is Literal for part in get_args(hint)):
        return str | None
    return hint


def _load(folder: str, name: str, suffix: str, comment: str, row: type[Any] | None) -> tuple[Header, str]:
    path = ROOT / folder / f"{name}{suffix}"
    header, text = read_header(path, comment)
    if header.name != name:
        raise HeaderError(f"{path}: header says name {header.name}")
    _check_row(header, row)
    return header, text


def _check_params(header: Header, given: Mapping[str, Any]) -> None:
    if given.keys() != header.param_names:
        raise HeaderError(f"{header.name}: takes {sorted(header.param_names)}, got {sorted(given)}")


class SqlQuery(Generic[Row]):
    """A file under ``sql/``; parameters are written ``%(name)s``."""

    def __init__(self, name: str, row: type[Row] | None) -> None:
        self.header, self.text = _load("sql", name, ".sql", "--", row)
        self._row = row
        self._query = self.text.encode()

    async def run(self, conn: psycopg.AsyncConnection[Any], **params: Any) -> list[Row]:
        """Execute and return all rows (every query is bounded by its header)."""
        _check_params(self.header, params)
        cursor = await conn.execute(self._query, params or None)
        if self._row is None:
            return []
        make = self._row
        return [make(*values) for values in await cursor.fetchall()]

    async def one(self, conn: psycopg.AsyncConnection[Any], **params: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.run(conn, **params)
        return rows[0] if rows else None

    async def stream(self, conn: psycopg.AsyncConnection[Any], **params: Any) -> AsyncIterator[Row]:
        """Rows one after the other through a server-side cursor, for reads of a whole log or ledger."""
        _check_params(self.header, params)
        assert self._row is not None
        async with conn.cursor(name=self.header.name.replace("/", "_")) as cursor:
            cursor.itersize = 5_000
            await cursor.execute(self._query, params or None)
            async for values in cursor:
                yield self._row(*values)


class CypherQuery(Generic[Row]):
    """A file under ``cypher/``; parameters are written ``$name``."""

    def __init__(self, name: str, row: type[Row] | None) -> None:
        self.header, self.text = _load("cypher", name, ".cypher", "//", row)
        self._row = row
        self._columns = [column.name for column in self.header.returns]

    async def run(self, tx: AsyncTransaction | AsyncSession | Any, **params: Any) -> list[Row]:
        """Execute in a transaction or session and return all rows."""
        _check_params(self.header, params)
        result = await tx.run(self.text, params)
        if self._row is None:
            await result.consume()
            return []
        make = self._row
        return [make(*map(_plain, record)) for record in [r.values() async for r in result]]

    async def one(self, tx: AsyncTransaction | AsyncSession | Any, **params: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.run(tx, **params)
        return rows[0] if rows else None


def _plain(value: Any) -> Any:
    """Neo4j's own instants become datetime, at any depth."""
    if isinstance(value, DateTime):
        return value.to_native().astimezone(UTC)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@overload
def sql(name: str) -> SqlQuery[None]: ...
@overload
def sql(name: str, row: type[Row]) -> SqlQuery[Row]: ...
def sql(name: str, row: type[Any] | None = None) -> SqlQuery[Any]:
    """Load ``sql/<name>.sql`` and tie it to its row class."""
    return SqlQuery(name, row)


@overload
def cypher(name: str) -> CypherQuery[None]: ...
@overload
def cypher(name: str, row: type[Row]) -> CypherQuery[Row]: ...
def cypher(name: str, row: type[Any] | None = None) -> CypherQuery[Any]:
    """Load ``cypher/<name>.cypher`` and tie it to its row class."""
    return CypherQuery(name, row)
