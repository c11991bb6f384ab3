"""Rows of decisions, rulebooks and the blacklist in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.canonical import canonical
from core.clock import iso
from core.stores.postgres import Connection
from core.stores.queries import sql
from risk.domain.rulebook import Outcome


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it is kept.

    ``after_seq`` is the head of the log when it was made, None until it is saved. ``worsens`` names the earlier
    decision it carries on; ``saw`` is what of the order it was made on (:mod:`risk.domain.saw`), None for one made
    before that was kept; ``differs`` is ``{decision_id, fields}`` where the paid order was not what its check saw.
    ``place`` is 1 for what was answered in the stead of a decision that was kept, but too late.
    """

    decision_id: str
    check_id: str | None
    stage: str
    order_id: str
    after_seq: int | None
    outcome: Outcome
    score: int
    reasons: list[dict[str, Any]]
    missing: list[str]
    features: dict[str, Any]
    rulebook_version: int
    evaluated_at: datetime
    request_print: str | None
    worsens: str | None
    saw: dict[str, Any] | None = None
    differs: dict[str, Any] | None = None
    place: int = 0

    def as_answer(self) -> dict[str, Any]:
        """The decision as the API answers it."""
        return {
            "decision_id": self.decision_id,
            "check_id": self.check_id,
            "stage": self.stage,
            "order_id": self.order_id,
            "outcome": self.outcome,
            "score": self.score,
            "reasons": self.reasons,
            "missing": self.missing,
            "rulebook_version": self.rulebook_version,
            "evaluated_at": iso(self.evaluated_at),
            "differs": self.differs,
        }


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """The last decision of an order before its number in the log."""

    seq: int
    decision_id: str
    outcome: Outcome
    reasons: list[dict[str, Any]]
    missing: list[str]
    saw: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RulebookRow:
    version: int
    rules: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry of the blacklist; the token stands for what was listed, never the value itself."""

    entry_id: str
    kind: str
    token: str
    reason: str
    listed_at: datetime
    listed_by: str
    lifted_at: datetime | None

    def as_answer(self) -> dict[str, Any]:
        """The entry as the API answers it."""
        return {
            "entry_id": self.entry_id,
            "kind": self.kind,
            "token": self.token,
            "reason": self.reason,
            "listed_at": self.listed_at,
            "listed_by": self.listed_by,
            "lifted_at": self.lifted_at,
            "status": "lifted" if self.lifted_at else "active",
        }


@dataclass(frozen=True, slots=True)
class ListedRow:
    """Something on the blacklist, for events with numbers ``from_seq < seq < until_seq``, None while it is listed."""

    kind: str
    token: str
    from_seq: int
    until_seq: int | None

    def at(self, seq: int) -> bool:
        """Whether it was listed when the event with this number came."""
        return self.from_seq < seq and (self.until_seq is None or seq < self.until_seq)


@dataclass(frozen=True, slots=True)
class OwnedRow(ListedRow):
    """The same of something that a member has, while it is known to be theirs."""

    member_id: str


@dataclass(frozen=True, slots=True)
class _Saved:
    decision_id: str


_SAVE = sql("risk/save_decisions", _Saved)
_BY_CHECK = sql("risk/decisions_by_check", Decision)
BY_ID = sql("risk/decision_by_id", Decision)
_EARLIER = sql("risk/decisions_before", EarlierDecision)
_RULEBOOK = sql("risk/rulebook_live", RulebookRow)
_SEED_RULEBOOK = sql("risk/rulebook_seed")
_LIST = sql("risk/blacklist_list")
_LIFT = sql("risk/blacklist_lift")
_KNOW = sql("risk/know_identifiers")
_LISTED_THINGS = sql("risk/listed_things", ListedRow)
_LISTED_OF_MEMBERS = sql("risk/listed_of_members", OwnedRow)
RULEBOOK_VERSION = sql("risk/rulebook_version", RulebookRow)
BLACKLIST_ENTRY = sql("risk/blacklist_entry", Listing)
BLACKLIST_PAGE = sql("risk/blacklist_page", Listing)


async def save(conn: Connection, brand: str, decisions: Sequence[Decision]) -> set[str]:
    """Make decisions durable; answers which. One whose check is decided already is left out."""
    if not decisions:
        return set()
    rows = canonical(list(decisions)).decode()
    return {row.decision_id for row in await _SAVE.run(conn, brand=brand, decisions=rows)}


async def by_check(conn: Connection, brand: str, check_ids: Sequence[str]) -> list[Decision]:
    """The decisions that stand for checks."""
    return await _BY_CHECK.run(conn, brand=brand, check_ids=list(check_ids))


async def before(conn: Connection, brand: str, orders: Sequence[tuple[int, str]]) -> dict[int, EarlierDecision]:
    """For orders as (seq, order id): the last decision made before that number, if any."""
    rows = await _EARLIER.run(
        conn, brand=brand, seqs=[seq for seq, _ in orders], order_ids=[order_id for _, order_id in orders]
    )
    return {row.seq: row for row in rows}


async def live_rulebook(conn: Connection, brand: str) -> RulebookRow:
    """The published rulebook with the highest version."""
    row = await _RULEBOOK.one(conn, brand=brand)
    assert row is not None, "a brand is created with a rulebook"
    return row


async def seed_rulebook(conn: Connection, brand: str, rules: list[dict[str, Any]], at: datetime) -> None:
    """Give a new brand version 1; safe to repeat."""
    await _SEED_RULEBOOK.run(conn, brand=brand, rules=canonical(rules).decode(), at=at)


async def list_entry(
    conn: Connection, brand: str, seq: int, entry_id: str, kind: str, token: str, reason: str, at: datetime, actor: str
) -> None:
    """Keep an entry of the blacklist, told by event ``seq``; the same id again changes nothing."""
    await _LIST.run(
        conn, brand=brand, seq=seq, entry_id=entry_id, kind=kind, token=token, reason=reason, at=at, actor=actor
    )


async def lift_entry(conn: Connection, brand: str, seq: int, entry_id: str, at: datetime, actor: str) -> None:
    """End an entry of the blacklist, as event ``seq`` tells; one that ended already stays as it is."""
    await _LIFT.run(conn, brand=brand, seq=seq, entry_id=entry_id, at=at, actor=actor)


async def know_identifiers(conn: Connection, brand: str, told: Sequence[tuple[str, str, str, int]]) -> None:
    """Keep who was seen with what, as (member, kind, token, seq)."""
    if told:
        members, kinds, tokens, seqs = (list(column) for column in zip(*told, strict=True))
        await _KNOW.run(conn, brand=brand, member_ids=members, kinds=kinds, tokens=tokens, seqs=seqs)


async def listed_things(
    conn: Connection, brand: str, things: Collection[tuple[str, str]], after: int
) -> list[ListedRow]:
    """Entries about things, as (kind, token), that hold for some event after a number."""
    kinds, tokens = [kind for kind, _ in things], [token for _, token in things]
    return await _LISTED_THINGS.run(conn, brand=brand, kinds=kinds, tokens=tokens, after=after)


async def listed_of_members(conn: Connection, brand: str, members: Collection[str], after: int) -> list[OwnedRow]:
    """Entries about what members have, that hold for some event after a number."""
    return await _LISTED_OF_MEMBERS.run(conn, brand=brand, member_ids=list(members), after=after)
