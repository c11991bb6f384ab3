"""Liveness, readiness, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import prometheus_client
from fastapi import Request, Response
from fastapi.responses import PlainTextResponse

from api.platform import platform
from api.scoped import anybody, roles, router
from core.canonical import canonical
from worker.worker import HEARTBEAT_KEY

routes = router("health")

_PING_SECONDS = 2.0


@routes.get("/healthz", summary="Is this process alive?", **anybody())
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@routes.get("/readyz", summary="Is every part there?", **anybody())
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
    ready = all(state == "ok" for state in states.values())
    body: dict[str, Any] = {"status": "ok" if ready else "unavailable", "dependencies": states}
    return Response(canonical(body), 200 if ready else 503, media_type="application/json")


async def _state(ping: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(_PING_SECONDS):
            await ping
    except Exception:
        return "unavailable"
    return "ok"


@routes.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse, **roles())
async def metrics() -> Response:
    return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)
