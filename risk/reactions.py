"""What the risk room does with facts: it keeps the wire, the blacklist, and decides every first order that is paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog

from brands.clock import InstallationClock
from core import limits
from core.stores.away import is_away
from core.stores.postgres import Connection
from core.telemetry import told as words_of
from events import facts, log
from events.consumer import Budget, Logged, Stage, Stretch
from events.contract import Contracts
from events.decided import DECIDED
from events.outcome import Outcome
from events.reading import facts_of
from events.shop import GRAPH, LEDGER
from graph.findings import Finding, found
from graph.reactions import TAKES as TREE_FACTS
from graph.reactions import tokens_of
from privacy.kinds import KINDS
from risk.contracts import Lifted, Listed
from risk.domain.saw import Saw, saw
from risk.domain.subjects import listed_subject
from risk.flows.decide import OrderToDecide, decide
from risk.flows.rulebooks import Rulebooks
from risk.flows.wire import operations
from risk.store import decisions as store
from risk.store.wire import Stand, Wire, WireBroken, WireLost

_logger = structlog.get_logger()


class FollowingWire(Stage):
    """Tells the wire what happened, before anything depends on it.

    Redis away raises one of WireAway: the ledger lags then, and nothing is held because of it. A wire that is broken is
    dropped and told anew, however often: no event is ever at fault for it.
    """

    takes = (*TREE_FACTS, Listed, Lifted)

    def __init__(self, wire: Wire, contracts: Contracts, clock: InstallationClock) -> None:
        self._wire = wire
        self._clock = clock
        self._contracts = contracts
        self._dropped: dict[str, int] = {}  # brand -> where the books stood when its wire was last found broken

    async def ready(self, conn: Connection, brand: str, stands: int) -> bool:
        """Whether the wire knows at least what the books know, and of the same log.

        It may be ahead: it was told, and the books' transaction came to nothing. One that was lost, or lost its last
        second, is told again, a stretch at a time. One of another log (Postgres was restored) is dropped first, and so
        is one that somebody else wrote into.
        """
        try:
            ready = await self._stands(conn, brand, stands)
        except WireBroken as error:
            if is_away(error):
                raise
            again = self._dropped.get(brand) == stands
            await self._drop(brand, stands, error)
            if again:  # telling it at once would break it at once
                raise WireLost("the wire is broken again where it was; it is told anew") from error
            return False
        if ready:
            self._dropped.pop(brand, None)
        return ready

    async def _stands(self, conn: Connection, brand: str, stands: int) -> bool:
        wire = await self._wire.stand(brand)
        in_log = await log.hash_at(conn, brand, wire.seq)
        if in_log is None or wire.log_hash not in (None, in_log):
            _logger.warning("a wire of another log is dropped", brand=brand, stood=wire.seq)
            await self._wire.forget(brand)
            return False
        if wire.seq >= stands:
            if wire.seq == stands:  # no order that was counted still waits for its decision
                await self._wire.forget_features(brand)
            return True
        events = await log.read(conn, brand, wire.seq, stands, Budget())
        assert events, "the log has lost events that were booked"
        read = await facts_of(conn, self._contracts, brand, LEDGER, GRAPH, events)
        last = events[-1]
        past = Stretch(brand, wire.seq, last.seq, last.hash, read.logged, read.followed, last.accepted_at)
        told = [one for one in read.logged if isinstance(one.fact, self.takes)]
        await self._tell(past, told, wire.seq, wanted=False)
        _logger.info("wire refilled", brand=brand, upto=last.seq)
        return False

    async def run(
        self,
        conn: Connection,  # noqa: ARG002 - its store is another
        stretch: Stretch,
        told: Sequence[Logged[Any]],
    ) -> Iterable[Outcome]:
        """Tell a stretch; the counters of its orders are kept for their decision."""
        try:
            wire = await self._wire.stand(stretch.brand)
            await self._tell(stretch, told, max(wire.seq, stretch.after), wanted=True)
        except WireBroken as error:
            if is_away(error):
                raise
            await self._drop(stretch.brand, stretch.after, error)
            raise WireLost("the wire was broken; it is told anew") from error
        return ()

    async def _drop(self, brand: str, stands: int, error: Exception) -> None:
        self._dropped[brand] = stands
        _logger.error("a broken wire is dropped", brand=brand, **words_of(error))
        await self._wire.forget(brand)

    async def _tell(self, stretch: Stretch, told: Sequence[Logged[Any]], after: int, *, wanted: bool) -> None:
        """Apply facts after a number, in pieces small enough that no check waits behind one."""
        findings, stands, pending = found(stretch), after, list[dict[str, object]]()
        # orders of a simulated clock may lie ahead of it as far as they like, and count where they lie
        latest = None if self._clock.simulated else await self._clock.now()
        for one in told:
            if one.seq <= after:
                continue
            pending += operations(one, findings.get(one.seq), latest=latest, wanted=wanted)
            if len(pending) >= limits.WIRE_OPS_MAX and one.seq < stretch.upto:
                stands = await self._apply(stretch.brand, stands, Stand(one.seq, one.log_hash), pending)
                pending = []
        if stands < stretch.upto:
            await self._apply(stretch.brand, stands, Stand(stretch.upto, stretch.log_hash), pending)

    async def _apply(self, brand: str, after: int, upto: Stand, pending: Sequence[dict[str, object]]) -> int:
        stands = await self._wire.apply(brand, after, upto, pending)
        if stands != upto.seq:
            raise WireLost(f"the wire stands at {stands}, not at {upto.seq}: it was lost on the way")
        return stands


class Listing(Stage):
    """Keeps the blacklist, and which identifiers that may stand on it every member was seen with."""

    takes = (facts.Identified, Listed, Lifted)

    async def run(self, conn: Connection, stretch: Stretch, told: Sequence[Logged[Any]]) -> Iterable[Outcome]:
        """List and lift; an order later in the stretch is decided by what stood before it."""
        seen: list[tuple[str, str, str, int]] = []
        for one in told:
            match one.fact:
                case facts.Identified() as fact:
                    for kind, tokens in tokens_of(fact.identifiers).items():
                        if KINDS[kind].listable:
                            seen += [(fact.member_id, kind, token.token, one.seq) for token in tokens]
                case Listed() as fact:
                    token = listed_subject(fact.kind, fact.value).split(":", 1)[1]
                    await store.list_entry(
                        conn, stretch.brand, one.seq, fact.entry_id, fact.kind, token, fact.reason, fact.at, fact.actor
                    )
                case Lifted() as fact:
                    await store.lift_entry(conn, stretch.brand, one.seq, fact.entry_id, fact.at, fact.actor)
        await store.know_identifiers(conn, stretch.brand, seen)
        return ()


class Deciding(Stage):
    """Decides every first order: what was said before it was paid counts, and what is known now can only worsen it."""

    takes = (facts.Paid,)

    def __init__(self, wire: Wire, rulebooks: Rulebooks, clock: InstallationClock) -> None:
        self._wire = wire
        self._rulebooks = rulebooks
        self._clock = clock

    async def run(self, conn: Connection, stretch: Stretch, told: Sequence[Logged[Any]]) -> Iterable[Outcome]:
        """Decide, and hand the decisions on."""
        orders = first_orders(told, found(stretch))
        if not orders:
            stretch.give(DECIDED, {})
            return ()
        counters = await self._wire.features(stretch.brand, [order.seq for order in orders])
        if len(counters) < len(orders):
            await self._wire.forget(stretch.brand)
            raise WireLost("counters of orders were lost on the way; the wire is told anew")
        said = await store.before(conn, stretch.brand, [(order.seq, order.order_id) for order in orders])
        rulebook = await self._rulebooks.live(stretch.brand)
        decided = await decide(conn, stretch.brand, rulebook, orders, said, counters, await self._clock.now())
        stretch.give(DECIDED, decided)
        return ()


def first_orders(told: Iterable[Logged[Any]], findings: Mapping[int, Finding]) -> list[OrderToDecide]:
    """The orders of a stretch that the graph met for the first time."""
    orders = []
    for one in told:
        finding = findings.get(one.seq)
        if isinstance(one.fact, facts.Paid) and finding is not None and finding.order is not None:
            orders.append(OrderToDecide(one.seq, one.fact.order_id, one.fact.buyer_id, _saw(one.fact), finding.order))
    return orders


def _saw(fact: facts.Paid) -> Saw:
    tokens = {kind: found[0] for kind, found in tokens_of(fact.identifiers()).items()}
    return saw(fact.buyer_id, fact.promoter_id, sum(line.paid_fen for line in fact.lines), tokens)
