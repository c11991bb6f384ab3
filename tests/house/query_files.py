"""The query files under ``cypher/`` and ``sql/``: all but schema, migrations and functions."""

import re
from pathlib import Path

import psycopg

from core.stores.queries import Header, read_header
from tests.house.sources import ROOT, files

PLANNED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES)\b", re.IGNORECASE)
"""How a query begins that has a plan."""

POSTGRES_TYPES = psycopg.postgres.types
_PARAMETER_TYPES = {"int": "int8", "float": "float8", "bool": "bool", "datetime": "timestamptz", "bytes": "bytea"}


def names(folder: str, suffix: str, *without: str) -> list[str]:
    """Names (path without suffix) of the query files in one of the two folders."""
    top = ROOT / folder
    return [
        path.relative_to(top).with_suffix("").as_posix()
        for path in files()
        if path.suffix == suffix and path.is_relative_to(top) and path.relative_to(top).parts[0] not in without
    ]


CYPHER = names("cypher", ".cypher", "schema")
SQL = names("sql", ".sql", "migrations", "functions")
SCHEMA = [path for path in files() if path.is_relative_to(ROOT / "cypher" / "schema")]


def path_of(folder: str, name: str) -> Path:
    """Where a query file lies."""
    return ROOT / folder / f"{name}.{folder}"


def header_of(folder: str, name: str) -> tuple[Header, str]:
    """The header and the text without comments."""
    comment = {"cypher": "//", "sql": "--"}[folder]
    header, text = read_header(path_of(folder, name), comment)
    return header, re.sub(rf"{comment}.*", "", text).strip()


def numbered(header: Header, text: str) -> tuple[str, list[int]]:
    """The text with ``$1, $2 ...`` for its parameters, and their types as the driver sends them."""
    order = {column.name: index for index, column in enumerate(header.params, 1)}
    plain = re.sub(r"%\((\w+)\)[sbt]", lambda match: f"${order[match[1]]}", text).replace("%%", "%")
    oids = [
        POSTGRES_TYPES[_PARAMETER_TYPES[kind]].oid if kind in _PARAMETER_TYPES else 0
        for kind in (column.type.removesuffix("?") for column in header.params)
    ]
    return plain.rstrip().rstrip(";"), oids
