"""Instants in queries and bodies."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

from fastapi import Path, Query

from brands.clock import InstallationClock
from core import limits
from core.errors import FieldError, invalid
from events.fields import ID_PATTERN, Instant

AsOf: TypeAlias = Annotated[Instant | None, Query()]
"""``as_of=2026-11-01T08:00:00+08:00``; left out, it is now."""

PathId: TypeAlias = Annotated[str, Path(pattern=ID_PATTERN)]
"""An id in a path."""


async def at_or_now(clock: InstallationClock, asked: datetime | None) -> datetime:
    """The instant asked for, else now; raises Refusal 422 ``in_the_future`` as for events."""
    now = await clock.now()
    if asked is not None:
        refuse_future(clock, now, at=asked)
    return asked or now


def refuse_future(clock: InstallationClock, now: datetime, **instants: datetime) -> None:
    """Raise Refusal 422 ``in_the_future`` for instants, by field, as for events; a simulated clock knows no future."""
    latest = now + timedelta(seconds=limits.FUTURE_SECONDS_MAX)
    late = [field for field, at in instants.items() if at > latest]
    if late and not clock.simulated:
        raise invalid([FieldError(field, "in_the_future", "this is more than a day ahead of now") for field in late])
