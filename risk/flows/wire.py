"""What the wire is told of a fact, and of what the graph found of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.clock import microseconds
from events import facts
from events.consumer import Logged
from graph.findings import Appointed, Finding, MovedUnder
from graph.reactions import tokens_of
from risk.contracts import Lifted, Listed
from risk.domain.subjects import counted_subjects, listable_subjects, listed_subject, tie_subjects


def operations(
    one: Logged[Any], finding: Finding | None, *, latest: datetime | None, wanted: bool
) -> Iterator[dict[str, Any]]:
    """Operations of ``lua/risk/apply.lua``.

    ``latest``: no order counts as placed after it; ``wanted``: keep the order's counters for its decision.
    """
    match one.fact:
        case facts.Identified() as fact:
            each = [{kind: token} for kind, found in tokens_of(fact.identifiers).items() for token in found]
            tying = [subject for one_token in each for subject in tie_subjects(one_token)]
            listable = [subject for one_token in each for subject in listable_subjects(one_token)]
            others = [subject for subject in listable if subject not in tying]
            if tying or others:
                yield {"op": "tokens", "member_id": fact.member_id, "tokens": tying, "listable": others}
        case facts.Paid() as fact if finding is not None and finding.order is not None:
            yield _order(one.seq, fact, latest, wanted=wanted)
        case Listed() as fact:
            yield {"op": "listed", "entry_id": fact.entry_id, "subject": listed_subject(fact.kind, fact.value)}
        case Lifted() as fact:
            yield {"op": "lifted", "entry_id": fact.entry_id}
    if finding is not None:
        yield from _tree(finding)


def counted_at(placed_at: datetime, latest: datetime | None) -> datetime:
    """When an order counts as placed: never ahead of the clock, so that one dated ahead counts with those of now."""
    return placed_at if latest is None else min(placed_at, latest)


def _order(seq: int, fact: facts.Paid, latest: datetime | None, *, wanted: bool) -> dict[str, Any]:
    tokens = {kind: found[0] for kind, found in tokens_of(fact.identifiers()).items()}
    return {
        "op": "order",
        "seq": seq,
        "order_id": fact.order_id,
        "buyer_id": fact.buyer_id,
        "counted_us": microseconds(counted_at(fact.placed_at, latest)),
        "velocity": counted_subjects(fact.buyer_id, tokens),
        "wanted": wanted,
    }


def _tree(finding: Finding) -> Iterator[dict[str, Any]]:
    if (bound := finding.bound) is not None:
        yield {
            "op": "bound",
            "member_id": bound.member_id,
            "promoter_id": bound.promoter_id,
            "since_us": microseconds(bound.since),
            "until_us": microseconds(bound.expires_at),
        }
    match finding.effect:
        case Appointed(member_id, inviter_id, at, new=True):
            yield {"op": "approved", "member_id": member_id, "inviter_id": inviter_id or "", "at_us": microseconds(at)}
        case MovedUnder(member_id, inviter_id, at):
            yield {"op": "moved", "member_id": member_id, "inviter_id": inviter_id or "", "at_us": microseconds(at)}
