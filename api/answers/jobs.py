"""Jobs: how far they are, and what came of them."""

from __future__ import annotations

from typing import Any, Literal

from api.answers.fields import Answer, At, Page, shown
from api.answers.problems import Problem
from events.jobs import State


class JobStarted(Answer):
    """Work that goes on; `Location` says where it can be looked at."""

    model_config = shown(job_id="job_3f9a", kind="rebuild_graph", state="queued", done=0, total=None)

    job_id: str
    kind: str
    state: State
    done: int
    """How far it is, in whatever it counts."""
    total: int | None
    """How far it goes, where that is known."""


class Job(JobStarted):
    """A job as it stands."""

    model_config = shown(
        job_id="job_3f9a",
        kind="rebuild_graph",
        state="running",
        done=12_000,
        total=250_000,
        taken_up=None,
        started_at="2026-11-08T00:00:00Z",
        finished_at=None,
        result=None,
        problem=None,
    )

    taken_up: Literal["anew", "step"] | None
    """Of a job whose worker was lost: how another went on with it."""
    started_at: At | None
    finished_at: At | None
    result: dict[str, Any] | None
    """Null until it is ``done``."""
    problem: Problem | None
    """Why it ``failed``."""


class Jobs(Page):
    """Jobs of the caller's brand, the latest first."""

    items: list[Job]
