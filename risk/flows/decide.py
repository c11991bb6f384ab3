"""Decisions for orders that are being booked: the graph has the last word, and it can only worsen what was said.

A check covers what it saw: an order that is paid as it was checked keeps its decision, unless what the graph, the
blacklist and the counters of paid orders say is worse; of one that differs, the worse of both counts and is named so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ids import new_id
from core.stores.postgres import Connection
from events.decided import Decided
from graph.findings import OrderFound
from privacy.kinds import KINDS
from risk.domain.listed import MEMBER, ListedThing, listed_features
from risk.domain.rulebook import Hit, Judged, Rulebook, judged, worst
from risk.domain.saw import Saw, differing
from risk.domain.ties import Chain, paths_from_ties, tie_features
from risk.flows.check import with_paths
from risk.store import decisions as store
from risk.store.decisions import Decision, EarlierDecision, ListedRow, OwnedRow

LISTABLE = frozenset(kind.name for kind in KINDS.values() if kind.listable)


@dataclass(frozen=True, slots=True)
class OrderToDecide:
    """An order with what Cypher found between its buyer and the persons above, as of its number in the log."""

    seq: int
    order_id: str
    buyer_id: str
    saw: Saw
    found: OrderFound

    @property
    def people(self) -> tuple[str, ...]:
        """The buyer, and the persons above."""
        return (self.buyer_id, *(person.member_id for person in self.found.chain))

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """The identifiers it names that may stand on the blacklist, as (kind, token)."""
        return tuple((kind, str(self.saw[kind])) for kind in self.saw.keys() & LISTABLE)

    @property
    def chain(self) -> Chain:
        """Who stands above the buyer."""
        return {person.level: person.member_id for person in self.found.chain}

    def differing(self, prior: EarlierDecision) -> list[str]:
        """In what this order is not what an earlier decision saw; nothing for one that did not keep what it saw."""
        return differing(prior.saw, self.saw) if prior.saw is not None else []


async def decide(
    conn: Connection,
    brand: str,
    rulebook: Rulebook,
    orders: Sequence[OrderToDecide],
    said: Mapping[int, EarlierDecision],
    counters: Mapping[int, dict[str, int]],
    at: datetime,
) -> dict[int, Decided]:
    """Decide every order of a batch, in the transaction that books it.

    ``said`` are earlier decisions; ``counters`` the wire's features of each order, by its number.
    """
    answers: dict[int, Decided] = {}
    fresh: list[Decision] = []
    listed = await listed_when_they_came(conn, brand, orders)
    for order in orders:
        prior = said.get(order.seq)
        features: dict[str, Any] = {
            **tie_features(order.found.ties, order.chain, order.buyer_id, named_self=order.found.named_self),
            **listed_features(listed[order.seq]),
            **counters[order.seq],
        }
        now = judged(_shown(hit, order, listed[order.seq]) for hit in rulebook.judge(features).hits)
        if prior is not None:
            differs = order.differing(prior)
            if not differs and worst(prior.outcome, now.outcome) == prior.outcome:
                answers[order.seq] = Decided(prior.decision_id, prior.outcome, prior.reasons)
                continue
            now = now.carrying(Judged(prior.outcome, prior.reasons))
        decision = Decision(
            decision_id=new_id("dec"),
            check_id=None,
            stage="order",
            order_id=order.order_id,
            after_seq=order.seq,
            outcome=now.outcome,
            score=now.score,
            reasons=now.reasons,
            missing=prior.missing if prior else [],
            features=features,
            rulebook_version=rulebook.version,
            evaluated_at=at,
            request_print=None,
            worsens=prior.decision_id if prior else None,
            saw=dict(order.saw),
            differs={"decision_id": prior.decision_id, "fields": differs} if prior and differs else None,
        )
        fresh.append(decision)
        answers[order.seq] = Decided(decision.decision_id, decision.outcome, decision.reasons)
    await store.save(conn, brand, fresh)
    return answers


async def listed_when_they_came(
    conn: Connection, brand: str, orders: Sequence[OrderToDecide]
) -> dict[int, list[ListedThing]]:
    """What the blacklist held of each order, its buyer and the persons above when it came, and of all these have.

    Two queries, however many orders, persons and identifiers there are.
    """
    if not orders:
        return {}
    after = min(order.seq for order in orders)
    people = {person for order in orders for person in order.people}
    named = {thing for order in orders for thing in order.named} | {(MEMBER, person) for person in people}
    things: dict[tuple[str, str], list[ListedRow]] = defaultdict(list)
    for row in await store.listed_things(conn, brand, named, after):
        things[row.kind, row.token].append(row)
    owned: dict[str, list[OwnedRow]] = defaultdict(list)
    for has in await store.listed_of_members(conn, brand, people, after):
        owned[has.member_id].append(has)
    return {
        order.seq: [
            *(
                ListedThing(row.kind, row.token)
                for thing in (*order.named, *((MEMBER, person) for person in order.people))
                for row in things.get(thing, ())
                if row.at(order.seq)
            ),
            *(
                ListedThing(has.kind, has.token, person)
                for person in order.people
                for has in owned.get(person, ())
                if has.at(order.seq)
            ),
        ]
        for order in orders
    }


def _shown(hit: Hit, order: OrderToDecide, listed: Sequence[ListedThing]) -> Hit:
    paths = paths_from_ties(order.found.ties, order.chain, order.buyer_id, order.order_id)
    return with_paths(hit, paths, listed, order.chain, order.buyer_id, order.order_id)
