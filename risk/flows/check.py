"""The real-time check: one round trip to the wire, the rulebook, evidence only for refusals, a durable decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from core import limits
from core.canonical import canonical
from core.clock import microseconds, monotonic_s
from core.errors import Refusal
from core.ids import new_id
from core.stores.away import is_away
from core.telemetry import told
from graph.findings import Tie
from graph.flows import read as graph_reads
from graph.flows.live import LiveGraph
from privacy.kinds import KINDS
from privacy.tokens import Token
from privacy.vault import BrandKeys
from risk.domain.listed import ListedThing, listed_features, listed_thing, paths_from_listed
from risk.domain.rulebook import Hit, Verdict, judged, missing_hit, worst
from risk.domain.saw import Saw, saw
from risk.domain.subjects import counted_subjects, listable_subjects, tie_subjects
from risk.domain.ties import Chain, paths_from_ties, tie_features
from risk.flows.recorder import Recorder
from risk.flows.rulebooks import Rulebooks
from risk.flows.wire import counted_at
from risk.store.decisions import Decision
from risk.store.wire import Answered, Asked, Wire, WireAway

_logger = structlog.get_logger()

_WIRE_REST_SECONDS = 1.0
"""After the wire failed, checks do without it for this long, so that none waits for a store that is away.

One brand's wire that is broken rests for that brand alone.
"""
_LIST_RULES = frozenset({"blacklisted", "blacklist_mark"})
_TIE_RULES = frozenset({"same_identity", "shared_tie", "shared_ties"})


@dataclass(frozen=True, slots=True)
class OrderToCheck:
    """What of an order a check looks at; ``amount_fen`` is the sum of its lines, ``tokens`` are by kind."""

    order_id: str
    buyer_id: str
    promoter_id: str | None
    placed_at: datetime
    amount_fen: int
    tokens: Mapping[str, Token]

    @property
    def saw(self) -> Saw:
        """What it is compared by when it is paid."""
        return saw(self.buyer_id, self.promoter_id, self.amount_fen, self.tokens)


class Checks:
    """Answers risk checks; every source may be away, and none of that is ever an error to the caller."""

    def __init__(
        self, wire: Wire, graph: LiveGraph, rulebooks: Rulebooks, recorder: Recorder, booked: Callable[[str], int]
    ) -> None:
        """``booked`` tells how far a brand's ledger is known to be: a wire behind it has lost what it knew."""
        self._booked = booked
        self._wire = wire
        self._graph = graph
        self._rulebooks = rulebooks
        self._recorder = recorder
        self._wire_rests_until = 0.0
        self._broken_until: dict[str, float] = {}  # brand -> the same for its wire alone

    async def check(
        self,
        brand: str,
        check_id: str,
        stage: str,
        order: OrderToCheck,
        request_print: str,
        at: datetime,
        latest: datetime | None,
    ) -> Decision:
        """Decide on an order at ``at``, or answer the first decision of the same check.

        ``latest``: no order counts as placed after it; None where the clock is simulated and orders may lie ahead.
        Raises Refusal 409 ``check_conflict`` when the check is known with another order.
        """
        rulebook = await self._rulebooks.live(brand)
        missing: list[str] = []
        known = await self._ask_wire(brand, order, latest)
        if known is None:
            missing.append("redis")
            known = Answered(0, known=False, chain=[], ties=[], listed=[], velocity={})
        ties, chain = [_tie(tie) for tie in known.ties], {p["level"]: p["member_id"] for p in known.chain}
        listed = [listed_thing(subject) for subject in known.listed]
        features = {
            **tie_features(ties, chain, order.buyer_id, named_self=order.promoter_id == order.buyer_id),
            **listed_features(listed),
            **known.velocity,
        }
        verdict = rulebook.judge(features)
        if verdict.outcome != "allow" and (ties or verdict.hits):
            verdict = await self._with_evidence(brand, order, chain, ties, listed, verdict, missing)
        said = judged([*verdict.hits, *(missing_hit(source) for source in missing)])
        decision = Decision(
            decision_id=new_id("dec"),
            check_id=check_id,
            stage=stage,
            order_id=order.order_id,
            after_seq=None,
            outcome=said.outcome,
            score=said.score,
            reasons=said.reasons,
            missing=missing,
            features=features,
            rulebook_version=rulebook.version,
            evaluated_at=at,
            request_print=request_print,
            worsens=None,
            saw=dict(order.saw),
        )
        stands = await self._recorder.save(brand, decision, _undurable)
        if stands.request_print != request_print:
            raise Refusal(409, "check_conflict", "this check_id is known with another order; use a new one")
        return stands

    async def _ask_wire(self, brand: str, order: OrderToCheck, latest: datetime | None) -> Answered | None:
        if monotonic_s() < max(self._wire_rests_until, self._broken_until.get(brand, 0.0)):
            return None
        asked = Asked(
            order_id=order.order_id,
            buyer_id=order.buyer_id,
            promoter_id=order.promoter_id or "",
            placed_us=microseconds(order.placed_at),
            counted_us=microseconds(counted_at(order.placed_at, latest)),
            tying=tie_subjects(order.tokens),
            listable=listable_subjects(order.tokens),
            velocity=counted_subjects(order.buyer_id, order.tokens),
        )
        try:
            async with asyncio.timeout(limits.CHECK_WIRE_SECONDS_MAX):
                known = await self._wire.check(brand, asked)
        except WireAway as error:
            if is_away(error):
                self._wire_rests_until = monotonic_s() + _WIRE_REST_SECONDS
            else:  # what somebody else wrote into this brand's wire, or a defect of the script
                self._broken_until[brand] = monotonic_s() + _WIRE_REST_SECONDS
                _logger.error("a wire is broken", brand=brand, **told(error))
            return None
        return known if known.known and known.seq >= self._booked(brand) else None

    async def _with_evidence(
        self,
        brand: str,
        order: OrderToCheck,
        chain: Chain,
        ties: list[Tie],
        listed: list[ListedThing],
        verdict: Verdict,
        missing: list[str],
    ) -> Verdict:
        """Put the paths that led to the verdict beside its rules; those of ties come from the graph."""
        paths: list[dict[str, Any]] = []
        if ties:
            try:
                async with asyncio.timeout(limits.CHECK_GRAPH_SECONDS_MAX):
                    paths = await self._tie_paths(brand, order, chain)
            except Exception as error:  # a path that cannot be shown is no reason to answer nothing
                if not is_away(error):
                    _logger.error("ties not shown", **told(error))
                missing.append("neo4j")
            paths = paths or paths_from_ties(ties, chain, order.buyer_id, order.order_id)
        return replace(
            verdict,
            hits=tuple(with_paths(hit, paths, listed, chain, order.buyer_id, order.order_id) for hit in verdict.hits),
        )

    async def _tie_paths(self, brand: str, order: OrderToCheck, chain: Chain) -> list[dict[str, Any]]:
        found = await graph_reads.ties(
            self._graph,
            brand,
            order.buyer_id,
            order.order_id,
            [token.token for kind, token in order.tokens.items() if KINDS[kind].ties and token.links],
            list(chain.values()),
            limits.CHECK_GRAPH_SECONDS_MAX,
        )
        return [{"path": path} for path in found]


def with_paths(
    hit: Hit,
    tie_paths: list[dict[str, Any]],
    listed: Sequence[ListedThing],
    chain: Chain,
    buyer_id: str,
    order_id: str,
) -> Hit:
    """A hit with the paths that show it: shared identifiers for ties, the chain itself for the buyer's place in it."""
    if hit.rule in _TIE_RULES:
        return replace(hit, evidence=tie_paths)
    if hit.rule in _LIST_RULES:
        return replace(hit, evidence=paths_from_listed(listed, order_id))
    order, buyer = {"kind": "order", "id": order_id}, {"kind": "member", "id": buyer_id}
    if hit.rule == "self_purchase":
        return replace(hit, evidence=[{"path": [order, buyer]}])
    if hit.rule == "buyer_in_chain":
        above = [{"kind": "member", "id": member_id} for member_id in chain.values()]
        return replace(hit, evidence=[{"path": [order, buyer, *above]}])
    return replace(hit, evidence=[{"path": [order, buyer]}])


def _tie(tie: dict[str, Any]) -> Tie:
    label, token = tie["token"].split(":", 1)
    return Tie(tie["level"], label, token, tie["named"])


def _undurable(decision: Decision) -> Decision:
    """The answer while Postgres is away: at least review, a decision of its own, kept only where the first may be."""
    hit = missing_hit("postgres")
    return replace(
        decision,
        decision_id=new_id("dec"),
        outcome=worst(decision.outcome, hit.outcome),
        reasons=[*decision.reasons, hit.as_reason()],
        missing=[*decision.missing, "postgres"],
    )


def print_of(keys: BrandKeys, stage: str, order: Any) -> str:
    """A keyed hash of what was asked, to tell the same check from another under its id."""
    return keys.fingerprint(canonical([stage, order])).hex()
