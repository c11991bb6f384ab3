"""The page of kinds of identifiers, from the one table of them: a column for each field of a kind."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from ops.reference.markdown import code, page, promise, table, yes
from privacy.kinds import KINDS, Kind, Strength

_MEANS: Final = {
    Strength.IDENTITY: "the same person",
    Strength.STRONG: "close to each other",
    Strength.WEAK: "nothing by itself",
}
_HEADINGS: Final = {
    "name": "kind",
    "domain": "domain of tokens",
    "strength": "two persons with the same one are",
    "listable": "may be listed",
    "in_orders": "field of an order",
}


def kinds_page() -> str:
    """Every kind of identifier."""
    fields = [field.name for field in dataclasses.fields(Kind)]
    return page(
        "Kinds of identifiers",
        "From `privacy/kinds.py`. How each is spelled, with examples: [identifiers](../concepts/identifiers.md). "
        "*Counted*: orders that name it are counted by the hour. *Listed*: on the blacklist. Tokens are keyed by brand "
        "and "
        "domain, so that the same value has another token in another brand.",
        table(
            [_HEADINGS.get(name, name) for name in fields],
            ([_cell(getattr(kind, name)) for name in fields] for kind in KINDS.values()),
        ),
    )


def _cell(value: Any) -> str:
    if isinstance(value, Strength):
        return _MEANS[value]
    if isinstance(value, bool):
        return yes(value)
    return promise(value) if callable(value) else code(value)
