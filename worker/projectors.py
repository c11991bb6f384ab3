"""The consumers of the log: the graph follows the log, the books (wire, decisions, ledger) follow the graph.

Each keeps its watermark in the store and the transaction of its effects, so a crash between two steps repeats work and
doubles nothing. One lock per brand and consumer keeps every book to a single writer, however many workers run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from brands.clock import InstallationClock
from core import limits
from core.clock import wall_now
from core.stores.neo4j import Graph
from core.stores.postgres import Connection, Postgres, lock, try_lock
from events import log
from events.contracts import told_at
from events.log import LoggedEvent
from graph.domain.facts import Finding
from graph.flows import project as graph_project
from graph.flows import read as graph_read
from ledger.domain import facts as ledger
from ledger.flows.book import book
from ledger.flows.settle import settle
from risk.flows.decide import OrderToDecide, decide, earlier
from risk.flows.rulebooks import Rulebooks
from risk.store import decisions as risk_store
from risk.store.decisions import EarlierDecision
from risk.store.wire import Wire
from worker.translate import blacklist_subject, graph_fact, ledger_fact, paid_fact, wire_operations

_logger = structlog.get_logger()


def graph_lock(brand: str) -> str:
    """The name of the lock under which a brand's graph is written."""
    return f"graph {brand}"


def books_lock(brand: str) -> str:
    """The name of the lock under which a brand's books are written."""
    return f"books {brand}"


class GraphProjector:
    """Brings a brand's graph up to the log."""

    def __init__(self, postgres: Postgres, graph: Graph) -> None:
        self._postgres = postgres
        self._graph = graph

    async def step(self, brand: str) -> int | None:
        """Project the next stretch of the log; answers how many events it held, None while somebody else does it."""
        async with self._postgres.brand(brand) as conn:
            if not await try_lock(conn, graph_lock(brand)):
                return None
            return await self.advance(conn, brand)

    async def advance(self, conn: Connection, brand: str) -> int:
        """The same inside a transaction that holds the brand's graph lock."""
        head = await log.head_seq(conn, brand)
        recorded = await log.watermark(conn, brand, "graph")
        stands, findings = await graph_project.standing_at(self._graph, brand, recorded)
        if stands > recorded:  # the graph's commit was not followed by the log's: its findings were kept with it
            await self._record(conn, brand, findings, recorded, stands)
            return stands - recorded
        events = await log.read(conn, brand, stands, head, limits.PROJECT_EVENTS_MAX)
        if not events:
            return 0
        facts = [fact for fact in map(graph_fact, events) if fact is not None]
        upto = events[-1].seq
        findings = await graph_project.project(self._graph, brand, stands, upto, facts)
        await self._record(conn, brand, findings, recorded, upto)
        return len(events)

    async def _record(
        self, conn: Connection, brand: str, findings: Sequence[Finding], recorded: int, upto: int
    ) -> None:
        """Findings beside their events. What a rebuilt graph finds again was recorded the first time."""
        fresh = [log.Outcome(f.seq, f.status, f.code, f.detail) for f in findings if f.seq > recorded]
        await log.save_outcomes(conn, brand, "graph", fresh)
        if upto > recorded:
            await log.advance(conn, brand, "graph", upto)


class BooksProjector:
    """Brings a brand's wire, decisions and ledger up to its graph."""

    def __init__(
        self,
        postgres: Postgres,
        graph: Graph,
        wire: Wire,
        rulebooks: Rulebooks,
        clock: InstallationClock,
    ) -> None:
        self._postgres = postgres
        self._graph = graph
        self._wire = wire
        self._rulebooks = rulebooks
        self._clock = clock

    async def step(self, brand: str) -> int | None:
        """Book the next stretch of the log that the graph has dealt with; answers how many events it held.

        None while somebody else does it.
        Raises one of WireAway while Redis is away: the ledger lags then, and nothing is held because of it.
        """
        async with self._postgres.brand(brand) as conn:
            if not await try_lock(conn, books_lock(brand)):
                return None
            booked = await log.watermark(conn, brand, "ledger")
            graph = await log.watermark(conn, brand, "graph")
            known = await self._wire.watermark(brand)
            if known < booked:
                return await self._refill_wire(conn, brand, known, booked)
            events = await log.read(conn, brand, booked, graph, limits.BOOK_EVENTS_MAX)
            if not events:
                return 0
            if known == booked:  # no order that was counted still waits for its decision
                await self._wire.forget_features(brand)
            await self._book(conn, brand, events, known)
            return len(events)

    async def settle(self, brand: str) -> int:
        """Settle every order that is due by the installation's clock; answers how many."""
        total, now = 0, await self._clock.now()
        while True:
            async with self._postgres.brand(brand) as conn:
                await lock(conn, books_lock(brand))
                settled = await settle(conn, brand, now)
            total += settled
            if not settled:
                return total

    async def _book(self, conn: Connection, brand: str, events: Sequence[LoggedEvent], known: int) -> None:
        upto = events[-1].seq
        found = {o.seq: o for o in await log.outcomes_between(conn, brand, "graph", events[0].seq - 1, upto)}
        first = [e for e in events if e.type == "order.paid.v1" and found[e.seq].status == "applied"]
        said = await earlier(conn, brand, [(e.seq, e.data["order_id"]) for e in first])
        undecided = {e.seq for e in first} - said.keys()
        await self._tell_wire(brand, events, found, known, undecided)
        decisions = await self._decide(conn, brand, first, found, said, undecided)
        await _list(conn, brand, events)
        asking = [e.data["member_id"] for e in events if e.type == "withdrawal.requested.v1"]
        known_since = await graph_read.known_since(self._graph, brand, asking)
        facts: list[ledger.Fact] = []
        outcomes: list[log.Outcome] = []
        for event in events:
            if event.type == "order.paid.v1":
                finding = found[event.seq]
                if finding.status == "applied":
                    assert finding.detail is not None
                    facts.append(paid_fact(event, finding.detail, decisions[event.seq]))
                else:  # the order is known: the ledger keeps to what the graph found
                    outcomes.append(log.Outcome(event.seq, finding.status, finding.code))
            elif (fact := ledger_fact(event, known_since)) is not None:
                facts.append(fact)
        outcomes += [log.Outcome(o.seq, o.status, o.code, o.detail) for o in await book(conn, brand, facts, wall_now())]
        last = {o.seq: o for o in outcomes}  # what was parked and applied in one batch is told once, as it ended
        # "applied" is what a reader assumes of an event without a row; a parked one has a row to be replaced
        telling = [o for o in last.values() if o.status != "applied" or o.code or o.detail or o.seq < events[0].seq]
        await log.save_outcomes(conn, brand, "ledger", telling)
        await log.advance(conn, brand, "ledger", upto)

    async def _decide(
        self,
        conn: Connection,
        brand: str,
        first: Sequence[LoggedEvent],
        found: Mapping[int, log.Outcome],
        said: dict[int, EarlierDecision],
        undecided: set[int],
    ) -> dict[int, ledger.DecisionRef]:
        if not first:
            return {}
        counters = await self._wire.features(brand, sorted(undecided))
        orders = []
        for event in first:
            detail = found[event.seq].detail
            assert detail is not None
            orders.append(
                OrderToDecide(
                    event.seq,
                    event.data["order_id"],
                    event.data["buyer_id"],
                    detail["chain"],
                    detail["ties"],
                    detail["named_self"],
                )
            )
        rulebook = await self._rulebooks.live(brand)
        decided = await decide(conn, brand, rulebook, orders, said, counters, await self._clock.now())
        return {
            seq: ledger.DecisionRef(decision.decision_id, decision.outcome, decision.reasons)
            for seq, decision in decided.items()
        }

    async def _tell_wire(
        self,
        brand: str,
        events: Sequence[LoggedEvent],
        found: Mapping[int, log.Outcome],
        known: int,
        wanted: set[int],
    ) -> None:
        """Apply to the wire what it does not know yet, in pieces small enough that no check waits behind one."""
        pending: list[dict[str, object]] = []
        after = known
        for event in events:
            if event.seq <= known:
                continue
            outcome = found.get(event.seq)
            pending += wire_operations(event, outcome.detail if outcome else None, wanted=event.seq in wanted)
            if len(pending) >= limits.WIRE_OPS_MAX or event is events[-1]:
                stands = await self._wire.apply(brand, after, event.seq, pending)
                if stands != event.seq:
                    raise ConnectionError(f"the wire stands at {stands}, not at {event.seq}: it was lost on the way")
                after, pending = event.seq, []

    async def _refill_wire(self, conn: Connection, brand: str, known: int, booked: int) -> int:
        """Tell a wire that was lost, or lost its last second, what the books know already."""
        events = await log.read(conn, brand, known, booked, limits.BOOK_EVENTS_MAX)
        found = {o.seq: o for o in await log.outcomes_between(conn, brand, "graph", known, events[-1].seq)}
        await self._tell_wire(brand, events, found, known, set())
        _logger.info("wire refilled", brand=brand, upto=events[-1].seq)
        return len(events)


async def _list(conn: Connection, brand: str, events: Sequence[LoggedEvent]) -> None:
    for event in events:
        data = event.data
        if event.type == "blacklist.listed.v1":
            subject = blacklist_subject(data).split(":", 1)[1]
            await risk_store.list_entry(
                conn, brand, data["entry_id"], data["kind"], subject, data["reason"], told_at(data["at"]), data["actor"]
            )
        elif event.type == "blacklist.lifted.v1":
            await risk_store.lift_entry(conn, brand, data["entry_id"], told_at(data["at"]), data["actor"])
