"""Liveness and readiness."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypeAliasType

from api.answers.fields import Answer, shown
from api.answers.problems import Problem

DependencyState = TypeAliasType("DependencyState", Literal["ok", "unavailable"])

_READY = {"postgres": "ok", "redis": "ok", "neo4j": "ok", "worker": "ok"}


class Alive(Answer):
    """The process answers."""

    model_config = shown(status="ok")

    status: Literal["ok"]


class ConsumerHealth(Answer):
    """How a consumer of the log gets on over all brands."""

    model_config = shown(state="ok", events_behind=0, events_set_aside=0, brands_troubled=0)

    state: Literal["ok", "troubled"]
    events_behind: int
    """Events it has not dealt with yet."""
    events_set_aside: int
    """Events it passed over and that were not replayed."""
    brands_troubled: int
    """Brands in which something is wrong with it."""


class Ready(Answer):
    """Every part is there."""

    model_config = shown(status="ok", dependencies=_READY, consumers={})

    status: Literal["ok"]
    dependencies: dict[str, DependencyState]
    """By name of the store or process."""
    consumers: dict[str, ConsumerHealth]
    """By name; empty where they cannot be asked."""


class NotReady(Problem):
    """A part is away: a problem that says which."""

    model_config = shown(
        type="urn:trefoil:problem:not_ready",
        title="not ready",
        status=503,
        code="not_ready",
        detail="no answer from redis",
        dependencies={**_READY, "redis": "unavailable"},
        consumers={},
    )

    dependencies: dict[str, DependencyState]
    consumers: dict[str, ConsumerHealth]
