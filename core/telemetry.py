"""What may be said of an error in a log: its kind, its words cut short, where it came from; no values around it."""

from __future__ import annotations

import traceback
from typing import Final

_WORDS_MAX: Final = 300
_FRAMES: Final = 4


def told(error: BaseException) -> dict[str, str]:
    """An error as fields of a log line: no traceback with locals, which would hold keys and personal values."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = (f"{'/'.join(frame.filename.rsplit('/', 2)[-2:])}:{frame.lineno}" for frame in frames)
    return {"error": f"{type(error).__name__}: {error}"[:_WORDS_MAX], "where": " < ".join(reversed(list(places)))}
