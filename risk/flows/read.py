"""What can be read of risk: decisions, the blacklist; and a decision made once more from what it saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import not_found
from core.stores.postgres import Connection
from risk.domain.rulebook import Judged, Outcome, judged, missing_hit
from risk.flows.rulebooks import compiled
from risk.store import decisions as store
from risk.store.decisions import Decision, Listing

__all__ = ["Decision", "Listing", "Replayed", "decision", "listing", "listings", "replay"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a decision's rulebook says of its features now; ``agrees``: the outcome and every reason are the same."""

    outcome: Outcome
    score: int
    rules: list[str]
    rulebook_version: int
    agrees: bool


async def decision(conn: Connection, brand: str, decision_id: str) -> Decision:
    """A decision as it was made; 404 for an unknown one."""
    found = await store.BY_ID.one(conn, brand=brand, decision_id=decision_id)
    if found is None:
        raise not_found("decision")
    return found


async def replay(conn: Connection, brand: str, stored: Decision) -> Replayed:
    """Decide again from the recorded features, by the rulebook that decided."""
    again = await _judged_again(conn, brand, stored)
    agrees = again.outcome == stored.outcome and _compared(again.reasons) == _compared(stored.reasons)
    rules = sorted(reason["rule"] for reason in again.reasons)
    return Replayed(again.outcome, again.score, rules, stored.rulebook_version, agrees)


async def _judged_again(conn: Connection, brand: str, stored: Decision) -> Judged:
    row = await store.RULEBOOK_VERSION.one(conn, brand=brand, version=stored.rulebook_version)
    assert row is not None, "a decision names a rulebook that is kept for ever"
    hits = compiled(row).judge(stored.features).hits
    if stored.worsens is None:
        return judged([*hits, *(missing_hit(source) for source in stored.missing)])
    carried = await decision(conn, brand, stored.worsens)  # a check's: it carries nothing on in its turn
    return judged(hits).carrying(await _judged_again(conn, brand, carried))


def _compared(reasons: Iterable[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    """Reasons without their evidence, which was found elsewhere than in the features."""
    return {(one["rule"], one["outcome"], one["points"], one["message"], one.get("error")) for one in reasons}


async def listing(conn: Connection, brand: str, entry_id: str) -> Listing:
    """An entry of the blacklist; 404 for an unknown one."""
    found = await store.BLACKLIST_ENTRY.one(conn, brand=brand, entry_id=entry_id)
    if found is None:
        raise not_found("entry of the blacklist")
    return found


async def listings(conn: Connection, brand: str, after: str, count: int) -> list[Listing]:
    """A page of the blacklist, by entry."""
    return await store.BLACKLIST_PAGE.run(conn, brand=brand, after=after, count=count)
