"""Liveness, readiness, metrics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

import prometheus_client
from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from redis.exceptions import RedisError

from api.answers.health import Alive, NotReady, Ready
from api.document import gives
from api.metrics import (
    BEHIND,
    DEAD_LETTERS,
    JOB_RUNS,
    JOB_SECONDS,
    POOL_SIZE,
    POOL_USED,
    POOL_WAITING,
    SET_ASIDE,
    TROUBLED,
    WORKER_UP,
    Family,
    Sample,
    exposition,
)
from api.platform import Platform, platform
from api.problems import problem_response
from api.scoped import anybody, owner, router
from core.canonical import canonical
from core.errors import Refusal
from events import aside
from intake.streams import DEAD
from worker.figures import RUNS, SECONDS, told_figures
from worker.worker import HEARTBEAT_KEY

routes = router("health")

_PING_SECONDS = 2.0


@routes.get("/healthz", summary="Is this process alive?", **gives(Alive), **anybody())
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@routes.get("/readyz", summary="Is every part there?", **gives(Ready, telling={503: NotReady}), **anybody())
async def readyz(request: Request) -> Response:
    parts = platform(request)

    async def postgres() -> None:
        async with parts.postgres.installation() as conn:
            await conn.execute(b"")

    async def worker() -> None:
        if not await parts.redis.exists(HEARTBEAT_KEY):
            raise ConnectionError("no sign of life")

    checks = {"postgres": postgres(), "redis": parts.wire.ping(), "neo4j": parts.graph.ping(), "worker": worker()}
    states = dict(zip(checks, await asyncio.gather(*map(_state, checks.values())), strict=True))
    ready = all(said == "ok" for said in states.values())
    state = {"dependencies": states, "consumers": await _consumers(parts) if states["postgres"] == "ok" else {}}
    if ready:
        return Response(canonical({"status": "ok", **state}), media_type="application/json")
    silent = ", ".join(name for name, said in states.items() if said != "ok")
    return problem_response(Refusal(503, "not_ready", f"no answer from {silent}"), state)


async def _consumers(parts: Platform) -> dict[str, dict[str, Any]]:
    """How far each consumer of the log is behind, what it set aside, in how many brands something is wrong with it."""
    try:
        async with asyncio.timeout(_PING_SECONDS), parts.postgres.installation() as conn:
            found = await aside.health(conn)
    except (Refusal, TimeoutError):
        return {}
    return {
        row.consumer: {
            "state": "troubled" if row.troubled else "ok",
            "events_behind": row.lag,
            "events_set_aside": row.set_aside,
            "brands_troubled": row.troubled,
        }
        for row in found
    }


async def _state(ping: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(_PING_SECONDS):
            await ping
    except Exception:
        return "unavailable"
    return "ok"


@routes.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse, **owner(scraped=True))
async def metrics(request: Request) -> Response:
    parts = platform(request)
    pool = parts.postgres.figures()
    found: dict[Family, list[Sample]] = {
        POOL_SIZE: [((), pool.size)],
        POOL_USED: [((), pool.used)],
        POOL_WAITING: [((), pool.waiting)],
    }
    for consumer, state in (await _consumers(parts)).items():
        found.setdefault(BEHIND, []).append(((consumer,), state["events_behind"]))
        found.setdefault(SET_ASIDE, []).append(((consumer,), state["events_set_aside"]))
        found.setdefault(TROUBLED, []).append(((consumer,), state["brands_troubled"]))
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(_PING_SECONDS):
            found |= await _told_by_redis(parts)
    return Response(
        prometheus_client.generate_latest() + exposition(found), media_type=prometheus_client.CONTENT_TYPE_LATEST
    )


async def _told_by_redis(parts: Platform) -> dict[Family, list[Sample]]:
    figures = await told_figures(parts.redis)
    return {
        DEAD_LETTERS: [(("stream",), await parts.redis.xlen(DEAD))],
        WORKER_UP: [((), await parts.redis.exists(HEARTBEAT_KEY))],
        JOB_RUNS: [(words[1:], value) for words, value in figures.items() if words[0] == RUNS],
        JOB_SECONDS: [(words[1:], value) for words, value in figures.items() if words[0] == SECONDS],
    }
