"""Decisions for orders that are being booked: the graph has the last word, and it can only worsen what was said.

A check covers what it saw: an order that is paid as it was checked keeps its decision, unless what the graph finds is
worse; one that differs is decided anew besides, and the worse of both counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ids import new_id
from core.stores.postgres import Connection
from events.decided import Decided
from graph.findings import OrderFound
from risk.domain.rulebook import Hit, Judged, Rulebook, judged, worst
from risk.domain.saw import Saw, differing
from risk.domain.ties import Chain, paths_from_ties, tie_features
from risk.flows.check import with_paths
from risk.store import decisions as store
from risk.store.decisions import Decision, EarlierDecision


@dataclass(frozen=True, slots=True)
class OrderToDecide:
    """An order with what Cypher found between its buyer and the persons above, as of its number in the log."""

    seq: int
    order_id: str
    buyer_id: str
    saw: Saw
    found: OrderFound

    @property
    def chain(self) -> Chain:
        """Who stands above the buyer."""
        return {person.level: person.member_id for person in self.found.chain}

    def differing(self, prior: EarlierDecision) -> list[str]:
        """In what this order is not what an earlier decision saw; nothing for one that did not keep what it saw."""
        return differing(prior.saw, self.saw) if prior.saw is not None else []

    def is_decided_anew(self, prior: EarlierDecision | None) -> bool:
        """Whether no earlier decision covers this order."""
        return prior is None or prior.saw is None or bool(self.differing(prior))


async def earlier(conn: Connection, brand: str, orders: Sequence[tuple[int, str]]) -> dict[int, EarlierDecision]:
    """The last decision of each order, as (seq, order id), before its number."""
    return await store.before(conn, brand, orders) if orders else {}


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

    ``said`` are earlier decisions; ``counters`` the wire's features of those orders that are decided anew.
    """
    answers: dict[int, Decided] = {}
    fresh: list[Decision] = []
    for order in orders:
        prior = said.get(order.seq)
        features: dict[str, Any] = tie_features(
            order.found.ties, order.chain, order.buyer_id, named_self=order.found.named_self
        )
        if order.is_decided_anew(prior):
            features |= counters[order.seq]
        now = judged(_shown(hit, order) for hit in rulebook.judge(features).hits)
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


def _shown(hit: Hit, order: OrderToDecide) -> Hit:
    paths = paths_from_ties(order.found.ties, order.chain, order.buyer_id, order.order_id)
    return with_paths(hit, paths, order.chain, order.buyer_id, order.order_id)
