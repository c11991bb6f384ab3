"""A consumer whose effects lie in Postgres: stages of rooms over a stretch, in the transaction of the watermark."""

from __future__ import annotations

from collections.abc import Sequence

from core.clock import wall_now
from core.stores.postgres import Connection, Postgres, lock, try_lock
from events import aside, log
from events.consumer import Budget, Stage, Stretch, consumer_lock
from events.contract import Contracts
from events.outcome import Outcome
from events.reading import Facts, copied, dealt_with, facts_of


class StagedConsumer:
    """Runs stages in the order given. One lock per brand keeps it to a single writer, however many workers run."""

    def __init__(
        self, name: str, follows: str | None, stages: Sequence[Stage], postgres: Postgres, contracts: Contracts
    ) -> None:
        self.name = name
        self.follows = follows
        self._stages = stages
        self._postgres = postgres
        self._contracts = contracts

    async def step(self, brand: str, budget: Budget) -> int | None:
        """Deal with the next stretch; answers how many events it held, None while somebody else does it."""
        async with self._postgres.brand(brand) as conn:
            if not await try_lock(conn, consumer_lock(brand, self.name)):
                return None
            return await self.advance(conn, brand, budget)

    async def advance(self, conn: Connection, brand: str, budget: Budget) -> int:
        """The same inside a transaction that holds the consumer's lock."""
        stands = await log.watermark(conn, brand, self.name)
        for stage in self._stages:
            if not await stage.ready(conn, brand, stands):
                return 1
        events = await log.read(conn, brand, stands, await self._end(conn, brand), budget)
        if not events:
            return 0
        facts = await facts_of(conn, self._contracts, brand, self.name, self.follows, events)
        last = events[-1]
        stretch = Stretch(brand, stands, last.seq, last.hash, facts.logged, facts.followed, wall_now())
        outcomes: list[Outcome] = []
        for stage in self._stages:
            told = [one for one in stretch.logged if isinstance(one.fact, stage.takes)]
            outcomes += await stage.run(conn, stretch, told)
        await self._record(conn, stretch, facts, outcomes)
        return len(events)

    async def set_aside(self, brand: str, error: str) -> int:
        """Pass over the next event, kept as failed and replayable; answers its number."""
        async with self._postgres.brand(brand) as conn:
            await lock(conn, consumer_lock(brand, self.name))
            seq = await log.watermark(conn, brand, self.name) + 1
            assert seq <= await self._end(conn, brand), "what failed was no event: the log ends before it"
            await aside.put(conn, brand, self.name, {seq: error}, wall_now())
            await log.save_outcomes(conn, brand, self.name, [Outcome(seq, "failed", "failed")])
            await log.advance(conn, brand, self.name, seq)
            return seq

    async def recover(self, brand: str) -> None:
        """Its watermark lies with the log itself: they cannot diverge."""

    async def _end(self, conn: Connection, brand: str) -> int:
        if self.follows is None:
            return await log.head_seq(conn, brand)
        return await log.watermark(conn, brand, self.follows)

    async def _record(self, conn: Connection, stretch: Stretch, facts: Facts, outcomes: list[Outcome]) -> None:
        brand = stretch.brand
        failed = f"{self.follows} could not deal with it"
        await aside.put(conn, brand, self.name, dict.fromkeys(facts.lost, failed), stretch.recorded_at)
        await aside.replayed(conn, brand, self.name, dealt_with(facts.replays))
        outcomes += copied(outcomes, facts.replays)
        outcomes += [Outcome(seq, "failed", "failed") for seq in facts.lost]
        last = {o.seq: o for o in outcomes}  # what was parked and applied in one stretch is told once, as it ended
        # "applied" is what a reader assumes of an event without a row; an earlier one's row is to be replaced
        telling = [o for o in last.values() if o.status != "applied" or o.code or o.detail or o.seq <= stretch.after]
        await log.save_outcomes(conn, brand, self.name, telling)
        await log.advance(conn, brand, self.name, stretch.upto)
