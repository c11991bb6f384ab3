"""Is what the stores hold what the log says?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import Request, Response

from api.answers.consistency import Consistency, LogVerified
from api.answers.jobs import JobStarted
from api.auth import caller
from api.document import gives
from api.jobs import accepted, result_of, start_job, wait_for_job
from api.methods import asks_for_head
from api.platform import platform
from api.scoped import roles, router
from events import log
from worker.consistency import CONSISTENCY

routes = router("consistency")


@routes.get(
    "/v1/consistency",
    summary="The graph and the ledger against the log",
    **gives(Consistency, {409: ["job_cancelled"], 500: ["job_lost"]}, telling={202: JobStarted}),
    **roles("analyst", "auditor"),
)
async def check_consistency(request: Request) -> Any:
    """Starts the job `consistency`, or joins the one that runs, and waits for it; 202 when that takes very long."""
    if asks_for_head(request):
        return Response(media_type="application/json")
    job = await start_job(request, CONSISTENCY, {})
    ended = await wait_for_job(platform(request), caller(request).brand, job.job_id)
    return accepted(ended) if ended.finished_at is None else result_of(ended)


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
