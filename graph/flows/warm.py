"""Warming the graph's queries: a cold server plans each of them anew and runs them uncompiled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import structlog

from core import limits
from core.clock import monotonic_s
from core.stores.away import is_away
from core.stores.neo4j import Graph
from core.telemetry import told
from graph.domain.facts import Approved, BindAsked, Fact, Identified, Ordered, Registered
from graph.flows.project import apply_facts
from privacy.tokens import Token

_logger = structlog.get_logger()

_SPACE: Final = "~warm"
"""No brand's: nothing is ever kept in it."""
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MEMBERS: Final = 150


async def warm(graph: Graph) -> None:
    """Run every query that projects on facts of nobody, a few times, and roll it all back.

    Bounded by WARM_SECONDS_MAX; a server that is away is warmed by its first events instead.
    """
    until, rounds = monotonic_s() + limits.WARM_SECONDS_MAX, 0
    facts = list(_facts())
    try:
        while monotonic_s() < until and rounds < limits.WARM_ROUNDS:
            async with graph.writing() as tx:
                await apply_facts(tx, _SPACE, facts)
                await tx.rollback()
            rounds += 1
    except Exception as error:
        if not is_away(error):
            raise
        _logger.warning("graph not warmed", **told(error))
    _logger.info("graph warmed", rounds=rounds)


def _facts() -> Iterator[Fact]:
    """A small shop: everybody registers, is seen, is bound or approved, and buys."""
    seq = 0
    for number in range(_MEMBERS):
        who = f"m{number}"
        tokens = {kind: (Token(f"{kind}{number % 40}"),) for kind in ("device", "ip", "phone", "address")}
        promoter = f"m{number % 10}" if number >= 10 else None
        yield Registered(seq + 1, who, _AT, "customer", None, "h5", f"account{number}", None, None)
        yield Identified(seq + 2, who, _AT, tokens)
        if promoter is None:
            yield Approved(seq + 3, who, _AT, "B", inviter_given=True, inviter_id=None)
        else:
            yield BindAsked(seq + 3, who, promoter, _AT, "request")
        yield Ordered(seq + 4, f"o{number}", who, promoter, _AT, 10_000, "print", tokens)
        seq += 4
