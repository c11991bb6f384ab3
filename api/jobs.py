"""Jobs for routes: started for the caller's brand, waited for, and shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any, Final

from fastapi import Request, Response

from api.auth import caller
from api.platform import Platform, platform
from core import limits
from core.canonical import canonical
from core.clock import iso, monotonic_s, wall_now
from core.errors import FieldError, Refusal, invalid, not_found
from events import jobs
from events.jobs import JobRecord
from events.room import Job

_ACCEPTED: Final = ("job_id", "kind", "state", "done", "total")
"""What is said of a job that was only started."""


def startable(request: Request, kind: str) -> Job:
    """The job of a kind that the caller may start; raises Refusal 422 ``unknown_value``."""
    may_start = {job.name: job for job in platform(request).jobs.values() if job.may_start(caller(request).role)}
    if kind not in may_start:
        raise invalid([FieldError("job", "unknown_value", f"one of {', '.join(sorted(may_start))}")])
    return may_start[kind]


async def start_job(request: Request, kind: str, params: Mapping[str, Any]) -> JobRecord:
    """Start a job for the caller's brand. The same that waits already is joined, and so is one that runs if its kind
    says so.
    """
    parts, who = platform(request), caller(request)
    job = startable(request, kind)
    async with parts.postgres.brand(who.brand) as conn:
        job_id = await jobs.ask(conn, who.brand, kind, params, wall_now(), joins=job.joins)
        found = await jobs.read(conn, who.brand, job_id)
    assert found is not None, "it was asked for in this transaction"
    return found


async def wait_for_job(parts: Platform, brand: str, job_id: str) -> JobRecord:
    """A job once it has ended, or as it stands after JOB_WAIT_SECONDS_MAX; it goes on whether or not anybody waits."""
    until = monotonic_s() + limits.JOB_WAIT_SECONDS_MAX
    async for found in job_changes(parts, brand, job_id, limits.POLL_SECONDS):
        if found.finished_at is not None or monotonic_s() >= until:
            return found
    raise AssertionError("changes go on until a job has ended")


async def job_changes(parts: Platform, brand: str, job_id: str, silence_seconds: float) -> AsyncIterator[JobRecord]:
    """A job as it stands, whenever it changed and at the latest after so long a silence, until it has ended."""
    async with parts.progress.watching(brand, job_id) as changed:
        while True:
            changed.clear()
            async with parts.postgres.brand(brand) as conn:
                found = await jobs.read(conn, brand, job_id)
            if found is None:
                raise not_found("job")
            yield found
            if found.finished_at is not None:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(silence_seconds):
                    await changed.wait()


def result_of(record: JobRecord) -> dict[str, Any]:
    """The result of a job that is done; raises the Refusal that one that failed or was cancelled ended with."""
    if record.state == "cancelled":
        raise Refusal(409, "job_cancelled", f"{record.job_id} was cancelled")
    if record.problem is not None:
        status, code, detail = (record.problem[name] for name in ("status", "code", "detail"))
        errors = tuple(FieldError(**error) for error in record.problem.get("errors", ()))
        raise Refusal(status, code, detail, errors, retry_after_seconds=1 if status == 503 else None)
    assert record.result is not None, "a job ends in one of three ways"
    return record.result


def shown(record: JobRecord) -> dict[str, Any]:
    """A job as the API tells it."""
    return {
        "job_id": record.job_id,
        "kind": record.kind,
        "state": record.state,
        "done": record.done,
        "total": record.total,
        "taken_up": record.taken_up,
        "started_at": iso(record.started_at) if record.started_at else None,
        "finished_at": iso(record.finished_at) if record.finished_at else None,
        "result": record.result,
        "problem": record.problem,
    }


def accepted(record: JobRecord) -> Response:
    """202 for work that goes on: the job so far, and where it can be looked at."""
    said = {name: value for name, value in shown(record).items() if name in _ACCEPTED}
    headers = {"Location": f"/v1/jobs/{record.job_id}"}
    return Response(canonical(said), 202, headers, media_type="application/json")
