"""Jobs: one at a time of a kind and brand, fair between brands, taken up when a worker is lost, ended on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from api.jobs import job_changes
from api.platform import Platform
from core import limits
from core.clock import wall_now
from core.errors import Refusal
from core.stores.turns import free_turn
from events import jobs
from events.consumer import Budget
from events.jobs import JobRecord, turn_name
from events.room import Job, Progress, Unwatched
from graph.flows import follow
from graph.flows.project import project
from tests.graph.test_projector_tree import team
from tests.platform import Running, Shop
from worker.figures import Figures
from worker.jobs import JobRunner

Work = Callable[[str, Mapping[str, Any], Progress], Awaitable[Mapping[str, Any]]]


@asynccontextmanager
async def worker(parts: Platform, *declared: Job) -> AsyncIterator[None]:
    """A worker that does these jobs; lost at the end, as one that is killed: what it held is free, nothing is told."""
    running = asyncio.create_task(JobRunner(parts.postgres, declared, Figures()).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def ask(shop: Shop, kind: str, *, joins: bool = False, **params: Any) -> str:
    async with shop.parts.postgres.brand(shop.brand) as conn:
        return await jobs.ask(conn, shop.brand, kind, params, wall_now(), joins=joins)


async def read(shop: Shop, job_id: str) -> JobRecord:
    async with shop.parts.postgres.brand(shop.brand) as conn:
        found = await jobs.read(conn, shop.brand, job_id)
    assert found is not None
    return found


async def ended(shop: Shop, job_id: str) -> JobRecord:
    """The job once it has ended."""
    async with asyncio.timeout(30):
        async for found in job_changes(shop.parts, shop.brand, job_id, limits.POLL_SECONDS):
            last = found
    return last


class Gate:
    """Work that says that it began, and goes on when it is let through."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.open = asyncio.Event()
        self._arrived = asyncio.Condition()

    async def run(self, brand: str, params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        async with self._arrived:
            self.began.append(brand)
            self._arrived.notify_all()
        await self.open.wait()
        return {"params": params}

    async def arrivals(self, count: int) -> None:
        """Wait until so many have begun."""
        async with asyncio.timeout(30), self._arrived:
            await self._arrived.wait_for(lambda: len(self.began) >= count)


async def test_a_job_is_done_and_says_what_came_of_it(shop: Shop) -> None:
    async def count(brand: str, params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        await progress.at(1, params["upto"], step={"at": 1})
        return {"brand": brand, "upto": params["upto"]}

    job_id = await ask(shop, "count", upto=3)
    waiting = await read(shop, job_id)
    assert (waiting.state, waiting.started_at, waiting.done, waiting.total) == ("queued", None, 0, None)
    async with worker(shop.parts, Job("count", count)):
        done = await ended(shop, job_id)
    assert (done.state, done.result, done.problem) == ("done", {"brand": shop.brand, "upto": 3}, None)
    assert (done.done, done.total, done.taken_up, done.step) == (1, 3, None, None)


async def test_one_job_of_a_kind_and_brand_runs_at_a_time_however_many_workers(shop: Shop) -> None:
    gate = Gate()
    job = Job("gated", gate.run)
    first = await ask(shop, "gated", n=1)
    assert await ask(shop, "gated", n=1) == first  # the same that waits is the same job
    second = await ask(shop, "gated", n=2)
    async with worker(shop.parts, job), worker(shop.parts, job):
        await gate.arrivals(1)
        again = await ask(shop, "gated", n=1)
        assert again != first  # one that runs may have passed by what is asked for now
        assert await ask(shop, "gated", joins=True, n=1) in (first, again)
        assert (await read(shop, second)).state == "queued"
        gate.open.set()
        results = [(await ended(shop, job_id)).result for job_id in (first, second, again)]
    assert results == [{"params": {"n": 1}}, {"params": {"n": 2}}, {"params": {"n": 1}}]
    assert len(gate.began) == 3


async def test_whoever_joins_gets_the_one_that_runs(shop: Shop) -> None:
    gate = Gate()
    first = await ask(shop, "gated", joins=True)
    async with worker(shop.parts, Job("gated", gate.run, joins=True)):
        await gate.arrivals(1)
        assert await ask(shop, "gated", joins=True) == first
        gate.open.set()
        await ended(shop, first)
    assert await ask(shop, "gated", joins=True) != first


@pytest.mark.parametrize("leaves_a_step", [True, False])
async def test_a_job_whose_worker_was_lost_is_taken_up_again_and_says_how(shop: Shop, leaves_a_step: bool) -> None:
    hangs, found = asyncio.Event(), list[Any]()

    async def work(brand: str, params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        found.append(progress.step)
        if len(found) == 1:
            await progress.at(5, 9, step=[1, 2] if leaves_a_step else None)
            hangs.set()
            await asyncio.Event().wait()
        return {}

    job_id = await ask(shop, "work")
    async with worker(shop.parts, Job("work", work)):
        await hangs.wait()
    left = await read(shop, job_id)
    assert (left.state, left.done, left.total, left.taken_up) == ("running", 5, 9, None)
    async with worker(shop.parts, Job("work", work)):
        done = await ended(shop, job_id)
    assert (done.state, done.taken_up) == ("done", "step" if leaves_a_step else "anew")
    assert found == [None, [1, 2] if leaves_a_step else None]
    assert done.started_at == left.started_at


async def test_a_job_on_which_workers_are_lost_is_given_up(shop: Shop) -> None:
    gate = Gate()
    job_id = await ask(shop, "deadly")
    for n in range(limits.POISON_TRIES_MAX):
        async with worker(shop.parts, Job("deadly", gate.run)):
            await gate.arrivals(n + 1)
    async with worker(shop.parts, Job("deadly", gate.run)):
        failed = await ended(shop, job_id)
    assert len(gate.began) == limits.POISON_TRIES_MAX
    assert failed.state == "failed" and failed.problem is not None and failed.problem["code"] == "job_lost"


async def test_a_job_whose_turn_is_lost_is_stopped_and_taken_up_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Postgres was restarted: another worker may have the turn by now."""
    monkeypatch.setattr(limits, "DEAD_PEER_PROBE_SECONDS", 0.05)
    gate = Gate()
    job_id = await ask(shop, "held")
    async with worker(shop.parts, Job("held", gate.run)):
        await gate.arrivals(1)
        async with shop.parts.postgres.installation() as conn:
            text = (
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted "
                "AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(%s, 0)"
            )
            await conn.execute("RESET ROLE")
            await conn.execute(text, [turn_name(shop.brand, "held")])
            await conn.execute("SET ROLE trefoil_app")
        await gate.arrivals(2)
        gate.open.set()
        done = await ended(shop, job_id)
    assert (done.state, done.taken_up) == ("done", "anew")


async def test_a_job_ends_at_its_next_step_when_somebody_asks(shop: Shop) -> None:
    steps, stopped = asyncio.Event(), list[str]()

    async def endless(brand: str, params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        try:
            while True:
                await progress.at(1, step={})
                steps.set()
        finally:
            stopped.append(brand)

    running, waiting = await ask(shop, "endless", n=1), await ask(shop, "endless", n=2)
    async with worker(shop.parts, Job("endless", endless)):
        await steps.wait()
        async with shop.parts.postgres.brand(shop.brand) as conn:
            await jobs.cancel(conn, shop.brand, waiting, wall_now())
            await jobs.cancel(conn, shop.brand, running, wall_now())
        assert (await ended(shop, waiting)).started_at is None
        one = await ended(shop, running)
    assert one.state == "cancelled" and one.result is None and one.problem is None
    assert stopped == [shop.brand]


async def test_a_job_that_fails_says_why(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JOB_AWAY_SECONDS_MAX", 0)

    async def fail(brand: str, params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        if params["how"] == "refused":
            raise Refusal(409, "already_decided", "no")
        raise ConnectionError if params["how"] == "away" else ZeroDivisionError

    codes = []
    async with worker(shop.parts, Job("fail", fail)):
        for how in ("refused", "away", "broken"):
            failed = await ended(shop, await ask(shop, "fail", how=how))
            assert failed.state == "failed" and failed.result is None and failed.problem is not None
            codes.append((failed.problem["status"], failed.problem["code"]))
    assert codes == [(409, "already_decided"), (503, "neo4j_unavailable"), (500, "internal")]


async def test_a_store_that_is_away_for_a_moment_is_waited_for(shop: Shop) -> None:
    tries = []

    async def work(brand: str, params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        tries.append(progress.step)
        if len(tries) < 3:
            await progress.at(len(tries), step=len(tries))
            raise ConnectionError
        return {}

    async with worker(shop.parts, Job("work", work)):
        assert (await ended(shop, await ask(shop, "work"))).state == "done"
    assert tries == [None, 1, 2]


async def test_a_brand_with_many_long_jobs_leaves_room_for_others(shop: Shop, other_shop: Shop) -> None:
    long, short = Gate(), Gate()
    short.open.set()
    declared = [Job(f"long{n}", long.run) for n in range(limits.JOBS_AT_ONCE_MAX + 1)]
    for job in declared:
        await ask(shop, job.name)
    async with worker(shop.parts, *declared, Job("short", short.run)):
        await long.arrivals(limits.JOBS_PER_BRAND_MAX)
        assert (await ended(other_shop, await ask(other_shop, "short"))).state == "done"
        assert long.began == [shop.brand] * limits.JOBS_PER_BRAND_MAX
        long.open.set()
        await long.arrivals(len(declared))


async def test_old_jobs_are_forgotten(installation: Running, shop: Shop) -> None:
    gate = Gate()
    gate.open.set()
    async with worker(shop.parts, Job("short", gate.run)):
        old, young = await ask(shop, "short"), await ask(shop, "short", n=1)
        await ended(shop, old)
        await ended(shop, young)
    waiting = await ask(shop, "short")
    ago = wall_now() - timedelta(days=limits.JOBS_KEEP_DAYS, minutes=1)
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await conn.execute("UPDATE job SET finished_at = %s WHERE job_id = %s", [ago, old])
        await conn.execute("UPDATE job SET asked_at = %s WHERE job_id = %s", [ago, waiting])
    await installation.parts.jobs["expire"].run(shop.brand, {}, Unwatched())
    async with shop.parts.postgres.brand(shop.brand) as conn:
        left = await jobs.latest(conn, shop.brand, ["short"], jobs.STATES, limits.NUMBER_MAX, 10)
    assert {one.job_id for one in left} == {young, waiting}


# --- a graph made anew ------------------------------------------------------------------------------------------------


class _Stops:
    """Projects into a graph in the making, and stops for ever after so many stretches."""

    def __init__(self, after: int) -> None:
        self.stretches = 0
        self.stopped = asyncio.Event()
        self._after = after

    async def __call__(self, *args: Any) -> Any:
        if "~" in args[1]:
            if self.stretches == self._after:
                self.stopped.set()
                await asyncio.Event().wait()
            self.stretches += 1
        return await project(*args)


async def test_a_rebuild_whose_worker_was_lost_goes_on_where_it_was(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    e, rebuild = shop.events, Job("rebuild_here", installation.parts.jobs["rebuild_graph"].run)
    await team(shop)
    await shop.tell(e.bound("c1", "leaf"), e.paid("o1", "c1"))
    whole = await shop.get("/v1/consistency")
    monkeypatch.setattr(follow, "Budget", lambda: Budget(3, 1_000))
    job_id = await ask(shop, rebuild.name)
    first, second = _Stops(2), _Stops(-1)
    monkeypatch.setattr(follow, "project", first)
    async with worker(shop.parts, rebuild):
        await first.stopped.wait()
    monkeypatch.setattr(follow, "project", second)
    async with worker(shop.parts, rebuild):
        done = await ended(shop, job_id)
    assert (done.state, done.taken_up, done.result) == ("done", "step", {"count": whole["at_seq"]})
    assert (first.stretches, second.stretches) == (2, -(-whole["at_seq"] // 3) - 2)
    assert await shop.get("/v1/consistency") == whole


async def test_a_rebuild_whose_half_was_swept_begins_anew(installation: Running, shop: Shop) -> None:
    rebuild = Job("rebuild_here", installation.parts.jobs["rebuild_graph"].run)
    await team(shop)
    whole = await shop.get("/v1/consistency")
    job_id = await ask(shop, rebuild.name)
    async with shop.parts.postgres.brand(shop.brand) as conn:
        assert await jobs.take(conn, shop.brand, rebuild.name, wall_now()) is not None
        assert await jobs.tell(conn, shop.brand, job_id, 5, 9, f"{shop.brand}~7")
    async with worker(shop.parts, rebuild):
        done = await ended(shop, job_id)
    assert (done.state, done.taken_up) == ("done", "anew")
    assert await shop.get("/v1/consistency") == whole


async def test_a_rebuild_that_is_cancelled_leaves_nothing_behind(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuild = Job("rebuild_here", installation.parts.jobs["rebuild_graph"].run)
    await team(shop)
    whole = await shop.get("/v1/consistency")
    monkeypatch.setattr(limits, "JOB_TELL_SECONDS", 0)
    monkeypatch.setattr(follow, "Budget", lambda: Budget(3, 1_000))
    reached, release = asyncio.Event(), asyncio.Event()

    async def held(*args: Any) -> Any:
        if "~" in args[1]:
            reached.set()
            await release.wait()
        return await project(*args)

    monkeypatch.setattr(follow, "project", held)
    job_id = await ask(shop, rebuild.name)
    async with worker(shop.parts, rebuild):
        await reached.wait()
        async with shop.parts.postgres.brand(shop.brand) as conn:
            await jobs.cancel(conn, shop.brand, job_id, wall_now())
        release.set()
        assert (await ended(shop, job_id)).state == "cancelled"
    async with installation.parts.graph.reading() as tx:
        text = "MATCH (n) WHERE n.key STARTS WITH $prefix RETURN count(n) AS n"
        row = await (await tx.run(text, prefix=f"{shop.brand}~")).single()
    assert row is not None and row["n"] == 0
    assert await shop.get("/v1/consistency") == whole


async def test_what_a_lost_rebuild_left_is_swept_only_when_nobody_goes_on(installation: Running, shop: Shop) -> None:
    sweep = installation.parts.jobs["sweep_graph"].run
    await team(shop)
    async with installation.parts.graph.writing() as tx:
        text = "CREATE (:Watermark {key: $space, seq: 1, log_hash: 'ff', model: 2})"
        await (await tx.run(text, space=f"{shop.brand}~1")).consume()
    async with free_turn(shop.parts.postgres, turn_name(shop.brand, "rebuild_graph")) as held:
        assert held is not None  # no worker begins it
        job_id = await ask(shop, "rebuild_graph")
        assert await sweep(shop.brand, {}, Unwatched()) == {"count": 0}
        async with shop.parts.postgres.brand(shop.brand) as conn:
            await jobs.cancel(conn, shop.brand, job_id, wall_now())
        assert await sweep(shop.brand, {}, Unwatched()) == {"count": 1}
