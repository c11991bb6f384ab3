"""The pages of what lies in the stores' own words: query files, the chart of accounts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from core import limits
from core.stores.queries import ROOT, Column, Header, read_header
from ledger.domain import accounts
from ledger.domain.journal import WITHDRAWAL_KINDS, Kind
from ops.reference.markdown import code, page, table

_COMMENTS: Final = {"cypher": "//", "sql": "--"}
_WITHOUT_HEADER: Final = {"schema", "migrations", "functions"}
_ROW: Final = re.compile(r"\('([\d.]+)', '([^']+)', '(asset|liability|income|expense)'\)")


def queries_page() -> str:
    """Every query file by its header."""
    blocks = []
    for language in _COMMENTS:
        blocks.append(f"## {language}")
        for folder in sorted(path for path in (ROOT / language).iterdir() if path.name not in _WITHOUT_HEADER):
            found = headers(language, folder)
            if found:
                blocks.append(f"### {language}/{folder.name}")
                blocks.append(table(("file", "does", "", "takes", "returns", "bound"), map(_query, found)))
    return page(
        "Queries",
        "Every query is a file with a header; a row class is tied to it at import, and a test explains each file on "
        "real "
        "servers. A type with `?` may be null.",
        *blocks,
    )


def headers(language: str, folder: Path) -> list[Header]:
    """The headers of the query files of a folder, by name."""
    return [read_header(path, _COMMENTS[language])[0] for path in sorted(folder.glob(f"*.{language}"))]


def _query(header: Header) -> tuple[str, ...]:
    name = header.name.rpartition("/")[2]
    made = {"rows", *(column.name for column in header.rows)} if header.rows else ()
    takes = _columns(column for column in header.params if column.name not in made)
    if header.rows:
        takes = f"{takes}; rows of {_columns(header.rows)}" if takes else f"rows of {_columns(header.rows)}"
    maps = "".join(f"; {name} is {_columns(shape)}" for name, shape in header.maps.items())
    returns = _columns(header.returns) or "nothing"
    return code(name), header.does, header.mode, (takes or "nothing") + maps, returns, header.bound


def _columns(columns: Iterable[Column]) -> str:
    return ", ".join(f"`{column.name}: {column.type}`" for column in columns)


def accounts_page() -> str:
    """The chart of accounts, as the database has it and as the books name it."""
    names = {member.value: member.name for member in accounts.Account}
    used = _used()
    return page(
        "Chart of accounts",
        "From the table `account` (made by the migrations) and `ledger/domain/accounts.py`. In entries a debit is "
        "positive, "
        "a credit negative. `post()` refuses an entry on any other account.",
        table(
            ("account", "name", "type", "in the books' words", "posted to"),
            (
                (
                    code(account),
                    name,
                    kind,
                    code(names.get(account)),
                    "yes" if names.get(account) in used else "not yet",
                )
                for account, name, kind in chart()
            ),
        ),
        "What nothing posts to yet waits for taxes and payout channels, which are not built: a withdrawal is "
        "asked for or turned down, and no tax is withheld.",
        "## Kinds of journals",
        table(
            ("kind", "subject"),
            ((code(kind), "a withdrawal" if kind in WITHDRAWAL_KINDS else "an order") for kind in Kind),
        ),
        f"No two journals have the same kind, subject and cause. {code(Kind.ACCRUAL)} credits at most "
        f"{limits.LEVELS_MAX} members.",
    )


def chart() -> list[tuple[str, str, str]]:
    """Account, name and type of the chart that the migrations write."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "sql" / "migrations").glob("*.sql"))]
    return [found for text in texts for found in _ROW.findall(text)]


def _used() -> set[str]:
    """The accounts that journals are made with; balances and masks only read them."""
    made_in = [ROOT / "ledger" / "domain" / name for name in ("books.py", "journal.py", "order.py")]
    return {
        node.attr
        for path in made_in
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Account"
    }
