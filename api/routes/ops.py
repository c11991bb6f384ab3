"""Running the installation: its clock, its jobs, waiting for its consumers; admin only."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import structlog
from fastapi import Path, Request

from api.answers.events import ReplayTaken
from api.answers.jobs import JobStarted
from api.answers.ops import ClockMoved, ClockReading, Consumers, Drained, JobDone
from api.auth import caller
from api.commands import append_command, appended_before
from api.document import gives
from api.jobs import accepted, result_of, start_job, startable, wait_for_job
from api.paging import Cursor, Limit, page, read_cursor
from api.platform import Platform, platform
from api.scoped import owner, roles, router
from brands.brands import brand_names
from core import limits
from core.errors import Refusal, not_found
from core.telemetry import told
from events import aside, log
from events.fields import Instant, Strict, Text, example
from events.room import Unwatched
from events.shop import EventReplayed

routes = router("ops")
_logger = structlog.get_logger()


class Time(Strict):
    """The instant the simulated clock moves to."""

    model_config = example(now="2026-11-08T00:00:00+08:00")

    now: Instant


class AskedJob(Strict):
    """A job to run now."""

    model_config = example(job="settle")

    job: Text


@routes.get("/v1/ops/clock", summary="What time it is here", **gives(ClockReading), **owner())
async def read_clock(request: Request) -> dict[str, Any]:
    clock = platform(request).clock
    return {"now": await clock.reading(), "simulated": clock.simulated}


@routes.post(
    "/v1/ops/clock",
    summary="Move the simulated clock; answers when every job due has run",
    **gives(ClockMoved, {409: ["clock_is_real", "clock_backwards"], 503: ["still_working"]}),
    **owner(),
)
async def move_clock(request: Request, to: Time) -> dict[str, Any]:
    """Waits for the caller's own brand; another brand's jobs are run too, but its trouble delays nobody for long."""
    parts, own = platform(request), caller(request).brand
    now = await parts.clock.move(to.now)
    await _drain(parts, own)
    done = await _run_timed(parts, own)
    others = [brand for brand in await brand_names(parts.postgres) if brand != own]
    few = asyncio.Semaphore(limits.STEPS_AT_ONCE_MAX)  # so that they do not take each other's connections
    done += sum(await asyncio.gather(*(_run_timed_elsewhere(parts, brand, few) for brand in others)))
    return {"now": now, "simulated": True, "settled": done}


@routes.post(
    "/v1/ops/drain",
    summary="Wait until every consumer has reached the end of the brand's log",
    **gives(Drained, {503: ["still_working"]}),
    **roles(),
)
async def drain(request: Request) -> dict[str, Any]:
    brand = caller(request).brand
    return {"drained": {brand: await _drain(platform(request), brand)}}


@routes.get("/v1/ops/consumers", summary="How the consumers of the brand's log get on", **gives(Consumers), **roles())
async def list_consumers(
    request: Request, limit: Limit = limits.PAGE_ITEMS_DEFAULT, cursor: Cursor = None
) -> dict[str, Any]:
    """Where each stands, what is wrong with it, and a page of the events that were set aside, the latest first."""
    parts, brand = platform(request), caller(request).brand
    before = await read_cursor(request, cursor, int, str) or aside.FROM_THE_LATEST
    async with parts.postgres.brand(brand) as conn:
        head, reached = await log.head_seq(conn, brand), await log.watermarks(conn, brand)
        wrong = {trouble.consumer: trouble for trouble in await aside.troubles(conn, brand)}
        waiting = await aside.waiting(conn, brand)
        found = await aside.latest(conn, brand, (before[0], before[1]), limit + 1)
    latest = await page(request, [asdict(one) for one in found], limit, lambda one: (one["seq"], one["consumer"]))
    items = [
        {
            "consumer": one.name,
            "follows": one.follows,
            "seq": reached.get(one.name, 0),
            "events_behind": head - reached.get(one.name, 0),
            "events_set_aside": waiting.get(one.name, 0),
            "trouble": asdict(wrong[one.name]) if one.name in wrong else None,
        }
        for one in parts.consumers
    ]
    return {"items": items, "set_aside": latest["items"], "next_cursor": latest["next_cursor"]}


class AskedReplay(Strict):
    """Why an event that was set aside is dealt with now."""

    model_config = example(reason="the defect is mended")

    reason: Text


@routes.post(
    "/v1/events/{seq}/replay",
    status_code=202,
    summary="Deal with an event that was set aside",
    **gives(ReplayTaken),
    **roles(),
)
async def replay_event(
    request: Request, seq: Annotated[int, Path(ge=1, le=2**62)], asked: AskedReplay
) -> dict[str, Any]:
    """Appends an event of its own, at whose place the consumers meet the one that was set aside."""
    parts, who = platform(request), caller(request)
    before = await appended_before(request)
    async with parts.postgres.brand(who.brand) as conn:
        waiting = await aside.by_whom(conn, who.brand, [one.name for one in parts.consumers], seq, before)
    if not waiting:
        raise not_found("event that was set aside")
    command = EventReplayed(seq=seq, reason=asked.reason, at=await parts.clock.now(), actor=who.person)
    appended = await append_command(request, command, asked.model_dump())
    return {"seq": appended.seq, "replays": seq, "consumers": waiting}


@routes.post(
    "/v1/ops/run",
    summary="Run a job now; answers when it is done",
    **gives(JobDone, {409: ["job_cancelled"], 500: ["job_lost"], 503: ["still_working"]}, telling={202: JobStarted}),
    **roles(),
)
async def run_job(request: Request, asked: AskedJob) -> Any:
    """The worker does it, and goes on if nobody waits any more; 202 when it takes very long."""
    parts, brand = platform(request), caller(request).brand
    job = startable(request, asked.job)
    if job.timed:
        await _drain(parts, brand)
    started = await start_job(request, job.name, {})
    ended = await wait_for_job(parts, brand, started.job_id)
    if ended.finished_at is None:
        return accepted(ended)
    result = result_of(ended)
    if not job.timed:
        await _drain(parts, brand)
    return {"job": job.name, "done": True, **result}


async def _run_timed(parts: Platform, brand: str) -> int:
    done = [await job.run(brand, {}, Unwatched()) for job in parts.jobs.values() if job.timed]
    return sum(result["count"] for result in done)


async def _run_timed_elsewhere(parts: Platform, brand: str, few: asyncio.Semaphore) -> int:
    """Another brand's jobs, as far as they come in the time a command may take; the worker does what is left."""
    try:
        async with few, asyncio.timeout(limits.COMMAND_WAIT_SECONDS_MAX):
            await _drain(parts, brand)
            return await _run_timed(parts, brand)
    except Exception as error:
        _logger.warning("jobs of another brand left to the worker", brand=brand, **told(error))
        return 0


async def _drain(parts: Platform, brand: str) -> int:
    async with parts.postgres.brand(brand) as conn:
        head = await log.head_seq(conn, brand)
    for consumer in parts.consumers:
        if not await parts.progress.reached(brand, consumer.name, head, limits.DRAIN_WAIT_SECONDS_MAX):
            detail = f"the {consumer.name} of {brand} has not reached {head} yet; ask again"
            raise Refusal(503, "still_working", detail, retry_after_seconds=1)
    return head
