"""Instants in queries and bodies."""

from typing import Annotated, TypeAlias

from fastapi import Path, Query

from events.contracts import ID_PATTERN, Instant

AsOf: TypeAlias = Annotated[Instant | None, Query()]
"""``as_of=2026-11-01T08:00:00+08:00``; left out, it is now."""

PathId: TypeAlias = Annotated[str, Path(pattern=ID_PATTERN)]
"""An id in a path."""
