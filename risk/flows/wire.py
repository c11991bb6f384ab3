"""What the wire is told of a fact, and of what the graph found of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from events import facts
from events.consumer import Logged
from graph.findings import Appointed, Finding, MovedUnder
from graph.reactions import tokens_of
from risk.contracts import Lifted, Listed
from risk.domain.subjects import counted_subjects, listed_subject, member_subject, tie_subjects


def operations(one: Logged[Any], finding: Finding | None, *, wanted: bool) -> Iterator[dict[str, Any]]:
    """Operations of ``lua/risk/apply.lua``; ``wanted``: keep the order's counters for its decision."""
    match one.fact:
        case facts.Identified() as fact:
            named = tokens_of(fact.identifiers)
            tokens = [s for kind, found in named.items() for token in found for s in tie_subjects({kind: token})]
            if tokens:
                yield {"op": "tokens", "member_id": fact.member_id, "tokens": tokens}
        case facts.Paid() as fact if finding is not None and finding.order is not None:
            yield _order(one.seq, fact, [p.member_id for p in finding.order.chain], wanted=wanted)
        case Listed() as fact:
            yield {"op": "listed", "entry_id": fact.entry_id, "subject": listed_subject(fact.kind, fact.value)}
        case Lifted() as fact:
            yield {"op": "lifted", "entry_id": fact.entry_id}
    if finding is not None:
        yield from _tree(finding)


def _order(seq: int, fact: facts.Paid, chain: list[str], *, wanted: bool) -> dict[str, Any]:
    tokens = {kind: found[0] for kind, found in tokens_of(fact.identifiers()).items()}
    counted = counted_subjects(fact.buyer_id, tokens)
    people = [member_subject(member_id) for member_id in (fact.buyer_id, *chain)]
    named = [s for kind, token in tokens.items() for s in tie_subjects({kind: token})]
    return {
        "op": "order",
        "seq": seq,
        "order_id": fact.order_id,
        "buyer_id": fact.buyer_id,
        "placed_ms": _ms(fact.placed_at),
        "velocity": counted,
        "subjects": [*people, *named, *(subject for _, subject in counted)],
        "wanted": wanted,
    }


def _tree(finding: Finding) -> Iterator[dict[str, Any]]:
    if (bound := finding.bound) is not None:
        yield {
            "op": "bound",
            "member_id": bound.member_id,
            "promoter_id": bound.promoter_id,
            "since_ms": _ms(bound.since),
            "until_ms": _ms(bound.expires_at),
        }
    match finding.effect:
        case Appointed(member_id, inviter_id, at, new=True):
            yield {"op": "approved", "member_id": member_id, "inviter_id": inviter_id or "", "at_ms": _ms(at)}
        case MovedUnder(member_id, inviter_id):
            yield {"op": "moved", "member_id": member_id, "inviter_id": inviter_id or ""}


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
