"""Running the installation: its clock, its jobs, waiting for its projectors; admin only."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request

from api.platform import Platform, platform
from api.scoped import caller, roles, router
from core import limits
from core.errors import Refusal
from events import log
from events.contracts import Instant, Strict, example
from worker.rebuild import rebuild_graph, rebuild_wire

routes = router("ops")


class Time(Strict):
    """The instant the simulated clock moves to."""

    model_config = example(now="2026-11-08T00:00:00+08:00")

    now: Instant


class Job(Strict):
    """A job to run now."""

    model_config = example(job="settle")

    job: Literal["settle", "rebuild_graph", "rebuild_wire"]


@routes.get("/v1/ops/clock", summary="What time it is here", **roles())
async def read_clock(request: Request) -> dict[str, Any]:
    clock = platform(request).clock
    return {"now": await clock.reading(), "simulated": clock.simulated}


@routes.post("/v1/ops/clock", summary="Move the simulated clock; answers when every job due has run", **roles())
async def move_clock(request: Request, to: Time) -> dict[str, Any]:
    parts = platform(request)
    now = await parts.clock.move(to.now)
    await _drain(parts)
    settled = {brand: await parts.books.settle(brand) for brand in await _brands(parts)}
    return {"now": now, "simulated": True, "settled": sum(settled.values())}


@routes.post("/v1/ops/drain", summary="Wait until every projector has reached the end of the log", **roles())
async def drain(request: Request) -> dict[str, Any]:
    return {"drained": await _drain(platform(request))}


@routes.post("/v1/ops/run", summary="Run a job now; answers when it is done", **roles())
async def run(request: Request, asked: Job) -> dict[str, Any]:
    parts, brand = platform(request), caller(request).brand
    if asked.job == "settle":
        await _drain(parts)
        settled = {name: await parts.books.settle(name) for name in await _brands(parts)}
        return {"job": "settle", "done": True, "settled": sum(settled.values())}
    if asked.job == "rebuild_graph":
        await rebuild_graph(parts.postgres, parts.graph_projector, parts.graph, brand)
    else:
        await rebuild_wire(parts.postgres, parts.wire, parts.books, brand)
    await _drain(parts)
    return {"job": asked.job, "done": True}


async def _brands(parts: Platform) -> dict[str, int]:
    async with parts.postgres.installation() as conn:
        return {head.brand: head.seq for head in await log.heads(conn)}


async def _drain(parts: Platform) -> dict[str, int]:
    heads = await _brands(parts)
    for brand, seq in heads.items():
        for consumer in ("graph", "ledger"):
            if not await parts.progress.reached(brand, consumer, seq, limits.DRAIN_WAIT_SECONDS_MAX):
                raise Refusal(503, "still_working", f"the {consumer} of {brand} has not reached {seq} yet; ask again")
    return heads
