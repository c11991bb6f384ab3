"""The graph against the log and the ledger, at one watermark: counts, hashes, and the first differences.

The log's side is computed from events and recorded outcomes alone; the graph's side from what Neo4j really holds: tree
edges, standing, identifiers and orders of every member. Nothing is locked, and memory does not grow with the log:
members come in pages, and one that events change while it is read is read again. Pages are read ahead, so that both
stores and the comparison are at work at the same time.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from core import limits
from core.stores.postgres import Postgres
from events import aside, log
from events.contract import Contracts
from events.room import Progress
from events.shop import GRAPH, LEDGER
from graph.flows import read as graph
from graph.flows.live import LiveGraph
from graph.flows.project import stands_at
from graph.flows.read import MemberFacts
from ledger.flows import read as ledger
from worker.accounts import Account, Side, Told, Totals, held

CONSISTENCY: Final = "consistency"
"""The kind of job."""


@dataclass(frozen=True, slots=True)
class OrdersSide:
    """Orders as one side knows them."""

    orders: int
    hash: str


@dataclass(frozen=True, slots=True)
class Consistency:
    """The result; ``differences`` are the first hundred members or orders whose facts differ."""

    ok: bool
    at_seq: int
    graph: Side
    log: Side
    ledger: OrdersSide
    log_orders: OrdersSide
    differences: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Page:
    """Some members as both stores hold them: what the log says as of the comparison and as of the reading."""

    member_ids: Sequence[str]
    held: Mapping[str, MemberFacts]
    then: Mapping[str, Told]
    now: Mapping[str, Told]
    settled_seq: int
    """Up to here the graph that was read holds every event, and the log says what became of it."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """One member as of the comparison: the log's account, the graph's, and its orders."""

    member_id: str
    told: Account | None
    held: Account | None
    orders: Sequence[tuple[str, str, list[str]]] = ()


class Comparison:
    """Compares brands; those compared at the same time take turns, some members each."""

    def __init__(self, postgres: Postgres, live: LiveGraph, contracts: Contracts) -> None:
        self._postgres = postgres
        self._live = live
        self._types = [c.type for c in contracts if GRAPH in c.decided_by]

    async def run(self, brand: str, progress: Progress) -> Consistency:
        """Compare a brand's graph and ledger with its log, as of the number the graph stands at when it begins.

        Its progress counts members.
        """
        async with self._postgres.brand(brand) as conn:
            recorded = await log.watermark(conn, brand, GRAPH)
            booked = await log.watermark(conn, brand, LEDGER)
            figures = await ledger.ledger_figures(conn, recorded)
            waiting = await aside.waiting(conn, brand)
        self._live.forget(brand)  # a graph made anew a moment ago by another process is seen at once
        # a graph that stands behind what was recorded of it has lost events: it is compared with all it once held
        at_seq = recorded
        totals = Totals()
        # what was set aside is in the log and in no book
        differences: list[dict[str, Any]] = [{"consumer": name, "set_aside": n} for name, n in waiting.items()]
        members = orders = order_hash = 0
        async for one in self._members(brand, at_seq):
            for order in one.orders:
                orders += 1
                order_hash += ledger.order_figure(*order)
            totals.add(one.member_id, one.told, one.held)
            _differ(differences, one)
            members += 1
            await progress.at(members)
        told, found = totals.sides()
        log_orders = OrdersSide(orders, ledger.figures_hash(order_hash))
        ledger_orders = OrdersSide(figures.orders, figures.hash)
        if booked >= at_seq and log_orders != ledger_orders:
            differences.append({"orders": "ledger", "log": orders, "ledger": figures.orders})
        return Consistency(
            ok=not differences and found == told,
            at_seq=at_seq,
            graph=found,
            log=told,
            ledger=ledger_orders,
            log_orders=log_orders,
            differences=differences[: limits.DIFFERENCES_MAX],
        )

    async def _members(self, brand: str, at_seq: int) -> AsyncIterator[_Compared]:
        """Every member that the log or the graph knows."""
        async for page in self._pages(brand, at_seq):
            for number, member_id in enumerate(page.member_ids):
                if number % limits.CONSISTENCY_CHUNK == 0:
                    await asyncio.sleep(0)  # others in this process go on, and pages are asked for
                compared = _compared(page, member_id, at_seq)
                yield compared if compared is not None else await self._again(brand, member_id, at_seq)
        async for member_id, account in self._strangers(brand):
            yield _Compared(member_id, None, account)

    async def _pages(self, brand: str, at_seq: int) -> AsyncIterator[_Page]:
        """Every member that events speak of; the next pages are read while one is dealt with."""
        coming: deque[asyncio.Task[_Page]] = deque()
        after: str | None = ""
        try:
            while True:
                while after is not None and len(coming) < limits.CONSISTENCY_PAGES_AHEAD:
                    async with self._postgres.brand(brand) as conn:
                        member_ids = await log.members_page(conn, brand, after)
                    after = member_ids[-1] if member_ids else None
                    if member_ids:
                        coming.append(asyncio.create_task(self._read(brand, member_ids, at_seq)))
                if not coming:
                    return
                yield await coming.popleft()
        finally:
            for task in coming:
                task.cancel()
            await asyncio.gather(*coming, return_exceptions=True)

    async def _read(self, brand: str, member_ids: Sequence[str], at_seq: int) -> _Page:
        """Members as the graph holds them, then what the log says of them up to there.

        Of events that came meanwhile the graph may hold some and the log may not yet say what became of others: of
        those up to ``settled_seq`` both is sure.
        """
        space = await self._live.space(brand)
        before = await stands_at(self._live.graph, space)
        found = {m.key.removeprefix(f"{space}|"): m for m in await graph.members_facts(self._live, brand, member_ids)}
        after = max(await stands_at(self._live.graph, space), at_seq)
        async with self._postgres.brand(brand) as conn:
            recorded = await log.watermark(conn, brand, GRAPH)
            events = await log.of_members(conn, brand, GRAPH, member_ids, self._types, after)
        then: dict[str, Told] = {}
        now: dict[str, Told] = {}
        for event in events:
            member_id = event.member_id
            if member_id not in now:
                then[member_id] = now[member_id] = Told()
            if event.seq > at_seq and now[member_id] is then[member_id]:
                now[member_id] = deepcopy(then[member_id])
            now[member_id].add(event)
        return _Page(member_ids, found, then, now, min(max(before, at_seq), recorded))

    async def _again(self, brand: str, member_id: str, at_seq: int) -> _Compared:
        """A member that changed while it was read, until it holds still for a moment."""
        for _ in range(limits.CONSISTENCY_TRIES_MAX):
            await asyncio.sleep(limits.BUSY_SECONDS)
            compared = _compared(await self._read(brand, [member_id], at_seq), member_id, at_seq)
            if compared is not None:
                return compared
        # never still: said to differ rather than guessed to be right
        return _Compared(member_id, None, Account(exact=["changes without pause"]))

    async def _strangers(self, brand: str) -> AsyncIterator[tuple[str, Account]]:
        """Members of the graph that no event speaks of."""
        async for member_ids in graph.member_pages(self._live, brand):
            async with self._postgres.brand(brand) as conn:
                known = await log.first_told(conn, brand, member_ids, self._types, GRAPH)
            unknown = [member_id for member_id in member_ids if member_id not in known]
            for member in await graph.members_facts(self._live, brand, unknown):
                yield member.key.partition("|")[2], held(member)


def _compared(page: _Page, member_id: str, at_seq: int) -> _Compared | None:
    """A member of a page as of ``at_seq``; None where it must be read again.

    The graph keeps no history of its counters. A member that changed since is compared as it is now; if that is right,
    what it held at ``at_seq`` is what the log says of it.
    """
    then, now = page.then.get(member_id), page.now.get(member_id)
    if now is not None and now.last_seq > page.settled_seq:
        return None
    told = then.account() if then is not None else None
    found = held(page.held[member_id]) if member_id in page.held else None
    if now is not None and now.last_seq > at_seq and found is not None:
        latest = now.account()
        if latest is not None and latest.agrees(found):
            found = told
    return _Compared(member_id, told, found, then.orders if then is not None else ())


def _differ(differences: list[dict[str, Any]], one: _Compared) -> None:
    told, found = one.told or Account(), one.held or Account()
    if len(differences) < limits.DIFFERENCES_MAX and not told.agrees(found):
        only_log, only_graph = Counter(told.exact), Counter(found.exact)
        differences.append(
            {
                "member_id": one.member_id,
                "only_log": sorted((only_log - only_graph).elements())[:10],
                "only_graph": sorted((only_graph - only_log).elements())[:10],
            }
        )
