"""What a consumer made of one event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["applied", "parked", "refused", "none", "failed"]
"""``parked`` waits for another event; ``failed`` was set aside after tries in vain and can be replayed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The code says what was refused, capped, unknown or broken; ``detail`` are its effects."""

    seq: int
    status: Status
    code: str | None = None
    detail: dict[str, Any] | None = None
