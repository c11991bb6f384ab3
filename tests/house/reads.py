"""How a plan of Postgres reads tables that grow: by key, by stretch, by cursor, or otherwise, which is a fault."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its table, and its columns in order as plans write them."""

    table: str
    columns: tuple[str, ...]


def faults(plan: Mapping[str, Any], indexes: Mapping[str, Index], small: Collection[str]) -> list[str]:
    """What a plan reads otherwise, of tables that are not small."""
    found = []
    for words, limited in _steps(plan, limited=False):
        index = indexes.get(words.get("Index Name", ""))
        table = index.table if index else words.get("Relation Name")
        if table not in small and (fault := _fault(words, index, limited)):
            found.append(fault)
    return found


# Steps that read all their input before they give anything.
_BLOCKS: Final = {"Sort", "Aggregate", "Hash", "Materialize", "SetOp", "Bitmap Heap Scan"}


def _steps(plan: Mapping[str, Any], *, limited: bool) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Each step of a plan, and whether a limit ends its reading."""
    yield plan, limited
    below = (limited or plan["Node Type"] == "Limit") and plan["Node Type"] not in _BLOCKS
    for part in plan.get("Plans", ()):
        yield from _steps(part, limited=below)


def _fault(words: Mapping[str, Any], index: Index | None, limited: bool) -> str | None:
    kind = words["Node Type"]
    if index is None:
        return (
            f"{kind} of {words['Relation Name']}"
            if "Relation Name" in words and kind.endswith("Scan") and not kind.startswith("Bitmap")
            else None
        )
    condition = words.get("Index Cond", "")
    after_brand = index.columns[1:2] or index.columns
    if _compares(condition, after_brand[0], "="):
        return None
    if _compares(condition, after_brand[0], ">=?") and _compares(condition, after_brand[0], "<=?"):
        return None
    skips = words.get("Filter") or any(_compares(condition, column, "[<>=]+") for column in index.columns[2:])
    if limited and kind != "Bitmap Index Scan" and not skips:
        return None
    return f"{kind} of {words['Index Name']} by {condition or 'nothing'}, filter {words.get('Filter')}"


def _compares(condition: str, column: str, how: str) -> bool:
    """Whether a condition compares a column that way; a row counts by its first column."""
    return bool(re.search(rf"(?<![\w.]){re.escape(column)}(?:, [^()]*\))? {how} ", condition))
