"""The page of kinds of identifiers, from the one table of them."""

from __future__ import annotations

from ops.reference.markdown import code, page, promise, table, yes
from privacy.kinds import KINDS, Strength

_MEANS = {
    Strength.IDENTITY: "the same person",
    Strength.STRONG: "close to each other",
    Strength.WEAK: "nothing by itself",
}


def kinds_page() -> str:
    """Every kind of identifier."""
    return page(
        "Kinds of identifiers",
        "From `privacy/kinds.py`. How each is spelled, with examples: [identifiers](../concepts/identifiers.md).",
        table(
            (
                "kind",
                "two persons with the same one are",
                "node",
                "edge",
                "spelled",
                "field of an order",
                "counted",
                "may be listed",
            ),
            (
                (
                    code(kind.name),
                    _MEANS[kind.strength],
                    code(kind.label),
                    code(kind.edge),
                    promise(kind.spelled) if kind.spelled is not None else "An address has parts.",
                    code(kind.in_orders),
                    yes(kind.counted),
                    yes(kind.listable),
                )
                for kind in KINDS.values()
            ),
        ),
        "*Counted*: orders that name it are counted by the hour. *May be listed*: on the blacklist. Tokens are keyed "
        "per "
        "brand and per domain, so that the same value has another token in another brand:",
        table(("kind", "domain of its tokens"), ((code(kind.name), code(kind.domain)) for kind in KINDS.values())),
    )
