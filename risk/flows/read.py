"""What can be read of risk: decisions, the blacklist; and a decision made once more from what it saw."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import not_found
from core.stores.postgres import Connection
from risk.domain.rulebook import Outcome
from risk.flows.rulebooks import compiled
from risk.store import decisions as store
from risk.store.decisions import Decision, Listing

__all__ = ["Decision", "Listing", "Replayed", "decision", "listing", "listings", "replay"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the rulebook of a decision says of its features now; ``agrees``: the same as it said then."""

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
    row = await store.RULEBOOK_VERSION.one(conn, brand=brand, version=stored.rulebook_version)
    assert row is not None, "a decision names a rulebook that is kept for ever"
    verdict = compiled(row).judge(stored.features)
    then = {reason["rule"] for reason in stored.reasons if not reason["rule"].startswith("missing_")}
    again = sorted(hit.rule for hit in verdict.hits)
    agrees = verdict.score == stored.score and set(again) <= then
    return Replayed(verdict.outcome, verdict.score, again, row.version, agrees)


async def listing(conn: Connection, brand: str, entry_id: str) -> Listing:
    """An entry of the blacklist; 404 for an unknown one."""
    found = await store.BLACKLIST_ENTRY.one(conn, brand=brand, entry_id=entry_id)
    if found is None:
        raise not_found("entry of the blacklist")
    return found


async def listings(conn: Connection, brand: str, after: str, count: int) -> list[Listing]:
    """A page of the blacklist, by entry."""
    return await store.BLACKLIST_PAGE.run(conn, brand=brand, after=after, count=count)
