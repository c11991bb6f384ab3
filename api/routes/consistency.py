"""Is what the stores hold what the log says?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import Request

from api.answers.consistency import Consistency, LogVerified
from api.auth import caller
from api.document import gives
from api.platform import platform
from api.scoped import roles, router
from events import log

routes = router("consistency")


@routes.get(
    "/v1/consistency",
    summary="The graph and the ledger against the log",
    **gives(Consistency),
    **roles("analyst", "auditor"),
)
async def check_consistency(request: Request) -> dict[str, Any]:
    parts = platform(request)
    return asdict(await parts.comparison.run(caller(request).brand))


@routes.get(
    "/v1/log/verify",
    summary="The log's hash chain, recomputed",
    **gives(LogVerified),
    **roles("analyst", "auditor"),
)
async def verify_log(request: Request) -> dict[str, Any]:
    brand = caller(request).brand
    async with platform(request).postgres.snapshot(brand) as conn:
        return asdict(await log.verify(conn, brand))
