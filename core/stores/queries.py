"""Query files as typed values: each file's header is a contract that its row classes must equal.

A header is comment lines ``name, does, mode, params, returns, bound`` at the top of the file. Types are ``str int float
bool datetime bytes map any`` and ``list[...]`` of them; ``?`` marks what may be null. ``nothing`` means no columns.
``flat`` is a list of plain values and such lists, with no instant of Neo4j among them: it is handed on as it came.

A query that is given many rows at once says what one of them holds in a line ``rows``, in the order and with the types
of its row class: Cypher finds them in ``$rows``, SQL finds each column as an array of its name. Lines ``maps`` name the
shapes of maps inside columns, ``line{line_id: str, paid_fen: int}``, to be used as a type, ``list[line]``; each has a
class of its own. Any disagreement between file, header and classes stops the import.
"""

from __future__ import annotations

import re
import types
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Literal, Never, NewType, TypeVar, Union, get_args, get_origin, get_type_hints, overload

import psycopg
from neo4j import AsyncSession, AsyncTransaction
from neo4j.time import DateTime

from core.canonical import canonical

Row = TypeVar("Row")
Given = TypeVar("Given")
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
    "flat": list[Any],
}
_HEADER_KEYS = ("name", "does", "mode", "params", "returns", "bound")
_HEADER_OPTIONS = ("rows", "maps")


class HeaderError(Exception):
    """A query file whose header, text and row class do not agree; raised at import."""


@dataclass(frozen=True, slots=True)
class Column:
    """One parameter or column of a query: its name and its type as written in the header."""

    name: str
    type: str


Shape = tuple[Column, ...]


@dataclass(frozen=True)
class Header:
    """What a query file promises. ``params`` are all that its text names, those that ``rows`` become included."""

    name: str
    does: str
    mode: Literal["read", "write"]
    params: Shape
    rows: Shape
    maps: Mapping[str, Shape]
    returns: Shape
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
        if match and match[1] in (*_HEADER_KEYS, *_HEADER_OPTIONS):
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
    maps: dict[str, Shape] = {}
    for name, shape in re.findall(r"(\w+)\{(.*?)\}", found.get("maps", "")):
        maps[name] = _columns(path, shape, maps)
        if comment == "--" and any(column.type.startswith(("datetime", "bytes")) for column in maps[name]):
            raise HeaderError(f"{path}: a map of SQL is JSON, which has no instants and no bytes")
    rows = _columns(path, found.get("rows", "nothing"), maps)
    header = Header(
        name=found["name"],
        does=found["does"],
        mode=mode,  # type: ignore[arg-type]
        params=(*_columns(path, found["params"], maps), *_as_params(rows, comment)),
        rows=rows,
        maps=maps,
        returns=_columns(path, found["returns"], maps),
        bound=found["bound"],
    )
    return header, text


def _columns(path: Path, text: str, maps: Mapping[str, Shape]) -> Shape:
    if text == "nothing":
        return ()
    columns = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\w+): ((?:list\[(\w+)\]|(\w+))\??)\s*", part)
        if not match or (match[3] or match[4]) not in {*_PYTHON_TYPES, *maps}:
            raise HeaderError(f"{path}: cannot read {part!r}; write `name: type`")
        columns.append(Column(match[1], match[2]))
    return tuple(columns)


def _as_params(rows: Shape, comment: str) -> Shape:
    """Rows as the text of a query finds them; a map inside a row is JSON to SQL."""
    if not rows:
        return ()
    if comment == "//":
        return (Column("rows", "list[map]"),)
    kinds = [(column.name, "str" if _is_json(column) else column.type.removesuffix("?")) for column in rows]
    return tuple(Column(name, f"list[{kind}]") for name, kind in kinds)


def _is_json(column: Column) -> bool:
    kind = column.type.removesuffix("?")
    return kind == "map" or kind not in _PYTHON_TYPES


def _check_class(header: Header, shape: Shape, row: type[Any] | None, what: str) -> None:
    """A class has the fields of a shape, in order, and so have the classes of the maps in it."""
    if row is None:
        if shape:
            raise HeaderError(f"{header.name}: {what} columns but no class was given for them")
        return
    if not is_dataclass(row) or [field.name for field in fields(row)] != [column.name for column in shape]:
        raise HeaderError(f"{header.name}: {what} {[column.name for column in shape]}, not what {row.__name__} has")
    hints = get_type_hints(row)
    for column in shape:
        _check_type(header, column, hints[column.name], f"{row.__name__}.{column.name}")


def _check_type(header: Header, column: Column, hint: Any, where: str) -> None:
    hint, optional = _without_none(hint)
    named = column.type.removesuffix("?")
    inner = named.removeprefix("list[").removesuffix("]")
    if optional != column.type.endswith("?") and named != "any":
        raise HeaderError(f"{header.name}: {column.type} in the header, but {where} is {hint}")
    if inner != named:
        if get_origin(hint) not in (list, Sequence):
            raise HeaderError(f"{header.name}: {column.type} in the header, but {where} is {hint}")
        hint = get_args(hint)[0]
    if inner in header.maps:
        _check_class(header, header.maps[inner], hint, f"map {inner} has")
    elif _plain_type(hint) != _PYTHON_TYPES[inner]:
        raise HeaderError(f"{header.name}: {column.type} in the header, but {where} is {hint}")


def _without_none(hint: Any) -> tuple[Any, bool]:
    parts = get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)
    some = [part for part in parts if part is not types.NoneType]
    return (some[0] if len(some) == 1 else hint), len(some) < len(parts)


def _plain_type(hint: Any) -> Any:
    """What a database makes of a type: a closed set of texts is a text, an id is what it was made of."""
    if get_origin(hint) is Literal or (isinstance(hint, type) and issubclass(hint, str)):
        return str
    return _plain_type(hint.__supertype__) if isinstance(hint, NewType) else hint


def _load(
    folder: str, name: str, suffix: str, comment: str, row: type[Any] | None, rows: type[Any] | None
) -> tuple[Header, str]:
    path = ROOT / folder / f"{name}{suffix}"
    header, text = read_header(path, comment)
    if header.name != name:
        raise HeaderError(f"{path}: header says name {header.name}")
    _check_class(header, header.returns, row, "returns")
    _check_class(header, header.rows, rows, "takes")
    return header, text


def _check_params(header: Header, given: Mapping[str, Any]) -> None:
    if given.keys() != header.param_names:
        raise HeaderError(f"{header.name}: takes {sorted(header.param_names)}, got {sorted(given)}")


def _maker(row: type[Row]) -> Callable[..., Row]:
    """What makes a row of the values of its columns: maps become values of their classes, at any depth."""
    readers = {at: read for at, hint in enumerate(_hints(row).values()) if (read := _reader(hint))}
    if not readers:
        return row

    def make(*values: Any) -> Row:
        made = list(values)
        for at, read in readers.items():
            made[at] = read(made[at])
        return row(*made)

    return make


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """How a column's value becomes what its class says, None where it is that already."""
    hint, _ = _without_none(hint)
    if is_dataclass(hint):
        inner = {name: read for name, kind in _hints(hint).items() if (read := _reader(kind))}  # type: ignore[arg-type]
        make: Any = hint

        def made(value: Any) -> Any:
            """A name that is missing, for it was kept before there was such a thing, has its default."""
            if value is None:
                return None
            return make(**{name: inner[name](item) if name in inner else item for name, item in value.items()})

        return made
    read = _reader(get_args(hint)[0]) if get_origin(hint) in (list, Sequence) else None
    return read and (lambda value: None if value is None else [read(item) for item in value])


def _hints(row: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(row)
    return {field.name: hints[field.name] for field in fields(row)}


class SqlQuery(Generic[Row, Given]):
    """A file under ``sql/``; parameters are written ``%(name)s``."""

    def __init__(self, name: str, row: type[Row] | None, rows: type[Given] | None) -> None:
        self.header, self.text = _load("sql", name, ".sql", "--", row, rows)
        self._make = None if row is None else _maker(row)
        self._query = self.text.encode()

    async def run(self, conn: psycopg.AsyncConnection[Any], **params: Any) -> list[Row]:
        """Execute and return all rows (every query is bounded by its header)."""
        _check_params(self.header, params)
        cursor = await conn.execute(self._query, params or None)
        if self._make is None:
            return []
        make = self._make
        return [make(*values) for values in await cursor.fetchall()]

    async def one(self, conn: psycopg.AsyncConnection[Any], **params: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.run(conn, **params)
        return rows[0] if rows else None

    async def save(self, conn: psycopg.AsyncConnection[Any], rows: Collection[Given], **params: Any) -> list[Row]:
        """Execute once for many rows, as the header's ``rows`` says; for none of them, not at all."""
        if not rows:
            return []
        columns = {column.name: [getattr(row, column.name) for row in rows] for column in self.header.rows}
        for column in filter(_is_json, self.header.rows):
            columns[column.name] = [_json(value) for value in columns[column.name]]
        return await self.run(conn, **columns, **params)

    async def stream(self, conn: psycopg.AsyncConnection[Any], **params: Any) -> AsyncIterator[Row]:
        """Rows one after the other through a server-side cursor, for reads of a whole log or ledger."""
        _check_params(self.header, params)
        assert self._make is not None
        async with conn.cursor(name=self.header.name.replace("/", "_")) as cursor:
            cursor.itersize = 5_000
            await cursor.execute(self._query, params or None)
            async for values in cursor:
                yield self._make(*values)


def _json(value: Any) -> str | None:
    return None if value is None else canonical(value).decode()


class CypherQuery(Generic[Row, Given]):
    """A file under ``cypher/``; parameters are written ``$name``."""

    def __init__(self, name: str, row: type[Row] | None, rows: type[Given] | None) -> None:
        self.header, self.text = _load("cypher", name, ".cypher", "//", row, rows)
        self._make = None if row is None else _maker(row)
        shapes = (self.header.returns, *self.header.maps.values())
        self._instants = any(re.search("datetime|any|map", column.type) for shape in shapes for column in shape)

    async def run(self, tx: AsyncTransaction | AsyncSession | Any, **params: Any) -> list[Row]:
        """Execute in a transaction or session and return all rows."""
        _check_params(self.header, params)
        result = await tx.run(self.text, params)
        if self._make is None:
            await result.consume()
            return []
        make = self._make
        records = [record.values() async for record in result]
        if not self._instants:
            return [make(*record) for record in records]
        return [make(*map(_plain, record)) for record in records]

    async def one(self, tx: AsyncTransaction | AsyncSession | Any, **params: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.run(tx, **params)
        return rows[0] if rows else None

    async def save(
        self, tx: AsyncTransaction | AsyncSession | Any, rows: Collection[Given], **params: Any
    ) -> list[Row]:
        """Execute once for many rows, as the header's ``rows`` says; for none of them, not at all."""
        given = [_as_map(row, self.header.rows, self.header.maps) for row in rows]
        return await self.run(tx, rows=given, **params) if given else []


def _as_map(row: Any, shape: Shape, maps: Mapping[str, Shape]) -> dict[str, Any]:
    made = {column.name: getattr(row, column.name) for column in shape}
    for column in shape:
        inner = maps.get(column.type.removesuffix("?").removeprefix("list[").removesuffix("]"))
        if inner is not None:
            made[column.name] = [_as_map(item, inner, maps) for item in made[column.name]]
    return made


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
def sql(name: str) -> SqlQuery[None, Never]: ...
@overload
def sql(name: str, row: type[Row]) -> SqlQuery[Row, Never]: ...
@overload
def sql(name: str, *, rows: type[Given]) -> SqlQuery[None, Given]: ...
@overload
def sql(name: str, row: type[Row], rows: type[Given]) -> SqlQuery[Row, Given]: ...
def sql(name: str, row: type[Any] | None = None, rows: type[Any] | None = None) -> SqlQuery[Any, Any]:
    """Load ``sql/<name>.sql`` and tie it to the class of what it returns and that of the rows it is given."""
    return SqlQuery(name, row, rows)


@overload
def cypher(name: str) -> CypherQuery[None, Never]: ...
@overload
def cypher(name: str, row: type[Row]) -> CypherQuery[Row, Never]: ...
@overload
def cypher(name: str, *, rows: type[Given]) -> CypherQuery[None, Given]: ...
@overload
def cypher(name: str, row: type[Row], rows: type[Given]) -> CypherQuery[Row, Given]: ...
def cypher(name: str, row: type[Any] | None = None, rows: type[Any] | None = None) -> CypherQuery[Any, Any]:
    """Load ``cypher/<name>.cypher`` and tie it to the class of what it returns and that of the rows it is given."""
    return CypherQuery(name, row, rows)
