"""The consumer that brings each brand's graph up to the log, and makes it anew beside the live one.

The graph's watermark lies in Neo4j, in the transaction of its effects, with the log's hash at it. What the graph found
is recorded beside the log in a second transaction: a crash between the two is seen at the next step, for Neo4j keeps
the findings of its last stretch.

A graph whose shape is of an earlier model, as it is after an upgrade, counts as diverged and is made anew. Until that
is done the brand's new events wait, and with them its books: no order is decided by a graph whose ties cannot be seen.
Readers are served the earlier one: people and tree are right, as of where it stopped; a check takes ties, chains and
the blacklist from the wire as ever and shows the wire's paths as evidence, for this graph shows none; the comparison
with the log is not ok, for it finds no identifiers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from core import limits
from core.clock import wall_now
from core.stores.postgres import Connection, Postgres, lock, try_lock
from events import aside, jobs, log
from events.consumer import Budget, Diverged, consumer_lock
from events.contract import Contracts
from events.outcome import Outcome
from events.reading import Facts, copied, dealt_with, facts_of
from events.room import JobCancelled, Progress, Unwatched
from events.shop import GRAPH
from graph.flows.live import LiveGraph, live_space
from graph.flows.project import NEVER, Fenced, Stand, pass_over, project, stand_of
from graph.reactions import graph_fact
from graph.store import projection, spaces

_logger = structlog.get_logger()


REBUILD: Final = "rebuild_graph"
"""The kind of job that makes a graph anew."""


def _rebuild_lock(brand: str) -> str:
    return f"rebuild {GRAPH} {brand}"


class GraphConsumer:
    """One writer per brand, by a lock, however many workers run."""

    name = GRAPH
    follows = None

    def __init__(self, postgres: Postgres, live: LiveGraph, contracts: Contracts) -> None:
        self._postgres = postgres
        self._live = live
        self._graph = live.graph
        self._contracts = contracts
        self._alone = asyncio.Lock()

    async def step(self, brand: str, budget: Budget) -> int | None:
        """Project the next stretch of the log; answers how many events it held, None while somebody else does it.

        Raises Diverged when the graph stands where the log never was, or has the shape of an earlier model. One of a
        later model belongs to the processes that know it.
        """
        async with self._postgres.brand(brand) as conn:
            if not await try_lock(conn, consumer_lock(brand, GRAPH)):
                return None
            try:
                return await self.advance(conn, brand, budget)
            except Fenced:
                return None

    async def advance(self, conn: Connection, brand: str, budget: Budget) -> int:
        """The same inside a transaction that holds the consumer's lock; raises Fenced."""
        stand, recorded = await self._stand(conn, brand)
        if stand.seq > recorded:  # the graph's commit was not followed by the log's: its outcomes were kept with it
            await self._record(conn, brand, stand.outcomes, None, recorded, stand.seq)
            return stand.seq - recorded
        return await self._project(conn, brand, stand, await log.head_seq(conn, brand), budget, recorded)

    async def set_aside(self, brand: str, error: str) -> int:
        """Pass over the next event, kept as failed and replayable; answers its number."""
        async with self._postgres.brand(brand) as conn:
            await lock(conn, consumer_lock(brand, GRAPH))
            stand, recorded = await self._stand(conn, brand)
            seq = stand.seq + 1
            log_hash = await log.hash_at(conn, brand, seq)
            assert stand.seq == recorded and log_hash is not None, "an event failed, so it is there and next"
            await aside.put(conn, brand, self.name, {seq: error}, wall_now())
            outcome = await pass_over(self._graph, stand.space, seq, log_hash)
            await self._record(conn, brand, [outcome], None, recorded, seq)
            return seq

    async def recover(self, brand: str) -> None:
        """Make the graph anew from the log, unless another process has done so meanwhile.

        One at a time in a process: after an upgrade every brand is made anew, and each takes connections and a core.
        """
        async with self._alone, self._postgres.brand(brand) as alone:
            await lock(alone, _rebuild_lock(brand))
            if await self._diverged(brand):
                await self._make_anew(brand, Unwatched())

    async def rebuild(self, brand: str, _: Mapping[str, Any], progress: Progress) -> dict[str, int]:
        """Project the whole log into a new space beside the live graph, then switch; answers the number of events.

        Nobody reads the new graph before it is whole, and what was recorded of events stands. One rebuild of a brand
        runs at a time. One that was killed goes on in the space it had begun; one that is cancelled takes it away.
        """
        async with self._postgres.brand(brand) as alone:
            await lock(alone, _rebuild_lock(brand))
            return {"count": await self._make_anew(brand, progress)}

    async def _make_anew(self, brand: str, progress: Progress) -> int:
        space = await self._space_to_fill(brand, progress)
        try:
            await self._fill(brand, space, progress)
        except JobCancelled:
            await self._delete([space])
            raise
        async with self._postgres.brand(brand) as conn:
            await lock(conn, consumer_lock(brand, GRAPH))
            projected = await self._catch_up(conn, brand, space)
            async with self._graph.writing() as tx:
                await spaces.GO_LIVE.run(tx, brand=brand, space=space)
            self._live.forget(brand)
        _logger.info("graph made anew", brand=brand, events=projected)
        return projected

    async def _space_to_fill(self, brand: str, progress: Progress) -> str:
        """The space that the last step left half-filled, if it is still there, else a new one."""
        known = await self._spaces(brand)
        begun: str | None = progress.step
        if begun is not None:
            if begun in known and begun != await live_space(self._graph, brand) and await self._goes_on(brand, begun):
                return begun
            await progress.begin_anew()
        space = spaces.new_space(brand, known)
        await progress.at(0, step=space)
        return space

    async def _goes_on(self, brand: str, space: str) -> bool:
        """Whether a half-filled space is one of this log and of this model."""
        async with self._postgres.brand(brand) as conn:
            stand = await stand_of(self._graph, space, NEVER)
            return stand.model == projection.MODEL and await self._is_of_this_log(conn, brand, stand)

    async def sweep(self, brand: str, _: Mapping[str, Any], __: Progress) -> dict[str, int]:
        """Delete every space of a brand but the live one, unless one is in the making; answers how many."""
        async with self._postgres.brand(brand) as alone:
            # a rebuild whose worker was lost goes on in its space
            if not await try_lock(alone, _rebuild_lock(brand)) or await jobs.is_open(alone, brand, REBUILD):
                return {"count": 0}
            live = await live_space(self._graph, brand)
            old = [space for space in await self._spaces(brand) if space != live]
            if old:
                await asyncio.sleep(limits.SPACE_GRACE_SECONDS)  # readers may still be looking at them
            await self._delete(old)
        return {"count": len(old)}

    async def _delete(self, old: Sequence[str]) -> None:
        for space in old:
            deleted = limits.STRETCH_EVENTS_MAX
            while deleted:
                async with self._graph.writing() as tx:
                    row = await projection.CLEAR_SPACE.one(tx, prefix=f"{space}|", count=limits.STRETCH_EVENTS_MAX)
                deleted = row.deleted if row else 0
            async with self._graph.writing() as tx:
                await spaces.END.run(tx, space=space)

    async def _spaces(self, brand: str) -> list[str]:
        async with self._graph.reading() as tx:
            first = await projection.WATERMARK.one(tx, space=brand, recorded=NEVER)
            later = await spaces.SPACES.run(tx, prefix=spaces.later_spaces(brand))
        return [*([brand] if first else []), *(row.space for row in later)]

    async def _fill(self, brand: str, space: str, progress: Progress) -> None:
        """Project the log as far as the live graph stands, stretch by stretch, holding no lock of the live one."""
        while True:
            async with self._postgres.brand(brand) as conn:
                recorded = await log.watermark(conn, brand, self.name)
                stand = await stand_of(self._graph, space, recorded)
                done = await self._project(conn, brand, stand, recorded, Budget(), recorded)
            if not done:
                return
            await progress.at(stand.seq + done, recorded)

    async def _catch_up(self, conn: Connection, brand: str, space: str) -> int:
        """The last of it, while the live graph stands still; answers how many events the whole log has."""
        stand, recorded = await self._stand(conn, brand, checked=False)
        if stand.seq > recorded and await self._is_of_this_log(conn, brand, stand):
            await self._record(conn, brand, stand.outcomes, None, recorded, stand.seq)
            recorded = stand.seq
        while True:
            made = await stand_of(self._graph, space, recorded)
            if not await self._project(conn, brand, made, recorded, Budget(), recorded):
                return made.seq

    async def _stand(self, conn: Connection, brand: str, *, checked: bool = True) -> tuple[Stand, int]:
        recorded = await log.watermark(conn, brand, self.name)
        stand = await stand_of(self._graph, await live_space(self._graph, brand), recorded)
        if checked and stand.model > projection.MODEL:
            raise Fenced(stand.space)
        if checked and stand.model < projection.MODEL:
            raise Diverged(f"the graph is of model {stand.model}, and is made anew as model {projection.MODEL}")
        if checked and not await self._is_of_this_log(conn, brand, stand):
            raise Diverged(f"the graph holds event {stand.seq} of another log")
        return stand, recorded

    async def _diverged(self, brand: str) -> bool:
        async with self._postgres.brand(brand) as conn:
            try:
                await self._stand(conn, brand)
            except Diverged:
                return True
        return False

    async def _is_of_this_log(self, conn: Connection, brand: str, stand: Stand) -> bool:
        """Whether the log was where the graph stands; one projected before hashes were kept is judged by number."""
        found = await log.hash_at(conn, brand, stand.seq)
        return found is not None and stand.log_hash in (None, found)

    async def _project(
        self, conn: Connection, brand: str, stand: Stand, upto: int, budget: Budget, recorded: int
    ) -> int:
        events = await log.read(conn, brand, stand.seq, upto, budget)
        if not events:
            return 0
        facts = await facts_of(conn, self._contracts, brand, self.name, None, events)
        told = [fact for fact in map(graph_fact, facts.logged) if fact is not None]
        last = events[-1]
        outcomes = await project(self._graph, stand.space, stand.seq, last.seq, last.hash, told)
        await self._record(conn, brand, outcomes, facts, recorded, last.seq)
        return len(events)

    async def _record(
        self, conn: Connection, brand: str, found: Sequence[Outcome], facts: Facts | None, recorded: int, upto: int
    ) -> None:
        """Outcomes beside their events. What a graph made anew finds again was recorded the first time."""
        if upto <= recorded:
            return
        outcomes = [outcome for outcome in found if outcome.seq > recorded]
        if facts is None:
            seqs = list(range(recorded + 1, upto + 1))
            facts = await facts_of(
                conn, self._contracts, brand, self.name, None, await log.read_some(conn, brand, seqs)
            )
        replays = {by: seqs for by, seqs in facts.replays.items() if by > recorded}
        await aside.replayed(conn, brand, self.name, dealt_with(replays))
        await log.save_outcomes(conn, brand, self.name, [*outcomes, *copied(outcomes, replays)])
        await log.advance(conn, brand, self.name, upto)
