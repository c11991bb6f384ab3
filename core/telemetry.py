"""The log of a process: a JSON object a line, made of listed fields, and of an error never its words.

Words of an error quote what it is about: the row that a constraint refused, the value that could not be read, an
address with its password. So an error is told by its kind, its stable code and the places it came through, whoever
logs it: the platform, its libraries, or the interpreter for what nobody caught.
"""

from __future__ import annotations

import errno
import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Final, TextIO

import orjson
import structlog

from core.clock import iso, wall_now

FIELDS: Final = frozenset(
    {
        *("event", "level", "at", "logger", "error", "where"),
        *("brand", "consumer", "seq", "events", "upto", "stood", "why"),  # following the log
        *("job", "task", "transport", "via", "tries", "count", "rounds", "migrations"),  # work, and ways in
        *("method", "route", "left_out"),  # requests by their template: a path holds ids
    }
)
"""What a line may hold. None of it comes from a request: names of the platform's own parts, numbers, brands."""

_FRAMES: Final = 4
_CHARS_MAX: Final = 300
_CODE: Final = re.compile(r"[A-Za-z0-9_.]{1,100}")


def told(error: BaseException) -> dict[str, str]:
    """An error as fields of a log line: what kind, and through which places of the code it came."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = (f"{'/'.join(frame.filename.rsplit('/', 2)[-2:])}:{frame.lineno}" for frame in frames)
    return {"error": kind_of(error), "where": " < ".join(reversed(list(places)))}


def kind_of(error: BaseException) -> str:
    """The kind of an error and, in brackets, its stable code: of Postgres, Neo4j, the system, or a refusal's own.

    An error that was raised from another one names that too.
    """
    if isinstance(error, OSError) and error.errno is not None:
        code: Any = errno.errorcode.get(error.errno)
    else:
        code = getattr(error, "sqlstate", None) or getattr(error, "code", None)
    kind = type(error).__name__
    if isinstance(code, str) and _CODE.fullmatch(code):
        kind = f"{kind} ({code})"
    return kind if error.__cause__ is None else f"{kind} from {type(error.__cause__).__name__}"


def configure(stream: TextIO) -> None:
    """Write the log of this process to a stream: the platform's from INFO on, its libraries' from WARNING on."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, _listed, _line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_OfLibraries())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda raised: _tell_uncaught(raised.exc_value)
    threading.excepthook = lambda raised: _tell_uncaught(raised.exc_value)


def _listed(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Only fields of the list; what else somebody meant to say is counted."""
    said = {name: _short(value) for name, value in line.items() if name in FIELDS}
    left_out = len(line) - len(said)
    return said | {"at": iso(wall_now())} | ({"left_out": left_out} if left_out else {})


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_CHARS_MAX]
    if isinstance(value, list | tuple):
        return [_short(part) for part in value[:_CHARS_MAX]]
    return value if isinstance(value, int | float | None) else type(value).__name__


def _line(_: Any, __: str, line: MutableMapping[str, Any]) -> str:
    return orjson.dumps(line).decode()


class _OfLibraries(logging.Formatter):
    """What a library says: its text only where values are kept apart from it, and of an error the kind."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "event": record.msg if isinstance(record.msg, str) and record.args else "said by a library",
            "level": record.levelname.lower(),
            "logger": record.name,
            "where": f"{record.module}:{record.lineno}",
        }
        error = record.exc_info[1] if record.exc_info else record.msg
        if isinstance(error, BaseException):
            line |= told(error)
        return _line(None, "", _listed(None, "", line))


def _uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    _tell_uncaught(error)


def _tell_uncaught(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt):
        structlog.get_logger().error("not caught", **told(error))
