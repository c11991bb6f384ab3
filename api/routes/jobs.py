"""Jobs of the caller's brand: how far they are, what came of them, and their end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.answers.jobs import Job, Jobs
from api.auth import READERS, caller
from api.document import gives
from api.jobs import job_changes, shown
from api.methods import asks_for_head
from api.paging import Cursor, Limit, page, read_cursor
from api.platform import platform
from api.scoped import roles, router
from api.times import PathId
from core import limits
from core.clock import wall_now
from core.errors import not_found
from events import jobs
from events.jobs import STATES, JobRecord, State

routes = router("jobs")


def _kinds(request: Request) -> list[str]:
    """What the caller may start, and so may see."""
    return sorted(job.name for job in platform(request).jobs.values() if job.may_start(caller(request).role))


async def _job(request: Request, job_id: PathId) -> JobRecord:
    """The job of a path; 404 for one that the caller may not start."""
    parts, brand = platform(request), caller(request).brand
    async with parts.postgres.brand(brand) as conn:
        found = await jobs.read(conn, brand, job_id)
    if found is None or found.kind not in _kinds(request):
        raise not_found("job")
    return found


OneJob = Annotated[JobRecord, Depends(_job)]


@routes.get(
    "/v1/jobs", summary="Jobs the caller may start, the latest first", **gives(Jobs), **roles("pipeline", *READERS)
)
async def list_jobs(
    request: Request,
    kind: Annotated[str | None, Query(max_length=limits.ID_CHARS_MAX)] = None,
    state: State | None = None,
    limit: Limit = limits.PAGE_ITEMS_DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Kept for 30 days after their end. What the worker does by itself every so often leaves no job."""
    parts, brand = platform(request), caller(request).brand
    kinds = [one for one in _kinds(request) if kind in (None, one)]
    states = list(STATES) if state is None else [state]
    before = await read_cursor(request, cursor, int)
    async with parts.postgres.brand(brand) as conn:
        found = await jobs.latest(conn, brand, kinds, states, before[0] if before else limits.NUMBER_MAX, limit + 1)
    numbers = {record.job_id: record.number for record in found}
    return await page(request, [shown(record) for record in found], limit, lambda item: (numbers[item["job_id"]],))


@routes.get("/v1/jobs/{job_id}", summary="One job", **gives(Job), **roles("pipeline", *READERS))
async def one_job(job: OneJob) -> dict[str, Any]:
    """`result` stays null until it is `done`; `problem` says why one `failed`.

    `taken_up` says of a job whose worker was lost how another went on: from its last `step`, or `anew`.
    """
    return shown(job)


@routes.post(
    "/v1/jobs/{job_id}/cancel", summary="End a job", **gives(Job), **roles("pipeline", "operator", "analyst", "finance")
)
async def cancel_job(request: Request, job: OneJob) -> dict[str, Any]:
    """One that runs stops at its next step and keeps nothing half-done; one that has ended stays as it is."""
    parts, brand = platform(request), caller(request).brand
    async with parts.postgres.brand(brand) as conn:
        await jobs.cancel(conn, brand, job.job_id, wall_now())
        found = await jobs.read(conn, brand, job.job_id)
    return shown(found or job)


@routes.get(
    "/v1/jobs/{job_id}/events",
    summary="One job, again whenever it changes, until it has ended",
    response_class=EventSourceResponse,
    **roles("pipeline", *READERS),
)
async def follow_job(request: Request, job: OneJob) -> AsyncIterator[ServerSentEvent]:
    """Server-Sent Events whose data are the object of `GET /v1/jobs/{job_id}`."""
    if asks_for_head(request):
        return
    parts, brand = platform(request), caller(request).brand
    async for found in job_changes(parts, brand, job.job_id, limits.JOB_EVENTS_SILENCE_SECONDS):
        yield ServerSentEvent(data=shown(found))
