"""The one source of time. Domain code gets instants as arguments; only this file asks the machine."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wall_now() -> datetime:
    """The machine's time, UTC."""
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Seconds of a clock that never goes back, for measuring and for caches."""
    return time.monotonic()


def hours(count: int) -> timedelta:
    """A span of whole hours; windows and protection periods are counted in days of 24 of them."""
    return timedelta(hours=count)


def iso(at: datetime) -> str:
    """An instant as RFC 3339 in UTC with ``Z``; fractions only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def microseconds(at: datetime) -> int:
    """An instant as microseconds since 1970, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)
