"""What the graph does with facts: each in its own words, for the one query of its kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from events import facts
from events.consumer import Logged
from events.facts import Identifier, Unsaid
from graph.contracts import DistributorMoved
from graph.domain import facts as graph
from privacy.tokens import Token

TAKES: Final = (
    facts.Registered,
    facts.Identified,
    facts.Approved,
    facts.Suspended,
    facts.Restored,
    facts.BindingAsked,
    facts.Paid,
    DistributorMoved,
)
"""The facts that change the graph."""


MAKES_MEMBERS: Final = ("member.registered.v1", "member.identified.v1", "order.paid.v1")
"""The events that make a member where there was none."""


def graph_fact(one: Logged[Any]) -> graph.Fact | None:
    """What the graph is told of an event; None when it is none of its business."""
    seq = one.seq
    match one.fact:
        case facts.Registered() as fact:
            return graph.Registered(
                seq,
                fact.member_id,
                fact.registered_at,
                fact.kind,
                fact.entry_channel,
                fact.platform,
                fact.external_id.token if fact.external_id else None,
                fact.invited_by,
                fact.link_code,
            )
        case facts.Identified() as fact:
            return graph.Identified(seq, fact.member_id, fact.seen_at, tokens_of(fact.identifiers))
        case facts.Approved() as fact:
            given = fact.invited_by is not Unsaid.UNSAID
            inviter_id = None if isinstance(fact.invited_by, Unsaid) else fact.invited_by
            return graph.Approved(seq, fact.member_id, fact.approved_at, fact.grade, given, inviter_id)
        case facts.Suspended() as fact:
            return graph.Standing(seq, fact.member_id, fact.at, "suspended")
        case facts.Restored() as fact:
            return graph.Standing(seq, fact.member_id, fact.at, "active")
        case facts.BindingAsked() as fact:
            return graph.BindAsked(seq, fact.member_id, fact.promoter_id, fact.requested_at, "request")
        case DistributorMoved() as fact:
            return graph.Moved(seq, fact.member_id, fact.invited_by, fact.at)
        case facts.Paid() as fact:
            return graph.Ordered(
                seq,
                fact.order_id,
                fact.buyer_id,
                fact.promoter_id,
                fact.placed_at,
                sum(line.paid_fen for line in fact.lines),
                one.data_print.hex(),
                tokens_of(fact.identifiers()),
            )
    return None


def tokens_of(identifiers: Iterable[Identifier]) -> dict[str, tuple[Token, ...]]:
    """Identifiers as the graph knows them, by kind; what leaves nothing to link on is left out."""
    found: dict[str, tuple[Token, ...]] = {}
    for identifier in identifiers:
        token = identifier.value.as_token()
        if token is not None:
            found[identifier.kind] = (*found.get(identifier.kind, ()), token)
    return found
