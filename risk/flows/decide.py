"""Decisions for orders that are being booked: the graph has the last word, and it can only worsen what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ids import new_id
from core.stores.postgres import Connection
from events.decided import Decided
from graph.findings import OrderFound
from risk.domain.rulebook import Hit, Rulebook, worst
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
    found: OrderFound

    @property
    def chain(self) -> Chain:
        """Who stands above the buyer."""
        return {person.level: person.member_id for person in self.found.chain}


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

    ``said`` are earlier decisions; ``counters`` the wire's features of those orders that have none.
    """
    answers: dict[int, Decided] = {}
    fresh: list[Decision] = []
    for order in orders:
        prior = said.get(order.seq)
        features: dict[str, Any] = tie_features(
            order.found.ties, order.chain, order.buyer_id, named_self=order.found.named_self
        )
        if prior is None:
            features |= counters[order.seq]
        verdict = rulebook.judge(features)
        hits = [_shown(hit, order) for hit in verdict.hits]
        if prior is not None and worst(prior.outcome, verdict.outcome) == prior.outcome:
            answers[order.seq] = Decided(prior.decision_id, prior.outcome, prior.reasons)
            continue
        reasons = [*(prior.reasons if prior else []), *(hit.as_reason() for hit in hits)]
        decision = Decision(
            decision_id=new_id("dec"),
            check_id=None,
            stage="order",
            order_id=order.order_id,
            after_seq=order.seq,
            outcome=verdict.outcome,
            score=verdict.score,
            reasons=reasons,
            missing=prior.missing if prior else [],
            features=features,
            rulebook_version=rulebook.version,
            evaluated_at=at,
            request_print=None,
            worsens=prior.decision_id if prior else None,
        )
        fresh.append(decision)
        answers[order.seq] = Decided(decision.decision_id, decision.outcome, decision.reasons)
    await store.save(conn, brand, fresh)
    return answers


def _shown(hit: Hit, order: OrderToDecide) -> Hit:
    paths = paths_from_ties(order.found.ties, order.chain, order.buyer_id, order.order_id)
    return with_paths(hit, paths, order.chain, order.buyer_id, order.order_id)
