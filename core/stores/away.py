"""Which errors say that a store is away, late, full, read-only or restarting, and which say that something is wrong.

The first are met by waiting and trying again, and answered with 503; the second are defects, or limits that more
waiting does not lift. One table for all stores.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

import psycopg
from neo4j.exceptions import (
    BrokenRecordError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ResultError,
    SessionError,
    TransactionError,
    TransientError,
)
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests
from redis.exceptions import (
    ClusterDownError,
    DataError,
    ExecAbortError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from core.errors import Refusal

_POSTGRES_CLASSES: Final = ("08", "28", "40", "53", "57", "58")
"""SQLSTATE classes: connection, authorization (a password was changed under the program), rolled back (deadlock,
serialization), resources, operator's intervention, system."""
_POSTGRES_CODES: Final = ("25006", "25P03", "25P04", "55006", "55P03")
"""Read-only; a transaction that was idle or took too long; a thing in use; a lock that could not be had."""

_POSTGRES_BROKEN: Final = ("08", "57P")
"""SQLSTATE prefixes of a connection that ended, by whatever, before its answer came."""

_POSTGRES_UNSENT: Final = (PoolTimeout, PoolClosed, TooManyRequests)
"""No connection was had: nothing was sent."""

_POSTGRES_MISUSED: Final = "08P01"
"""Protocol violation: the server could not read what it was sent."""

_POSTGRES_TOO_MUCH: Final = "53200"
"""Out of memory: the same again is too much again, it must be made smaller."""

_NEO4J_CODES: Final = (
    "Neo.ClientError.Transaction.TransactionTimedOut",
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
    "Neo.ClientError.Transaction.Terminated",  # so the driver calls Neo.TransientError.Transaction.Terminated
    "Neo.ClientError.Transaction.LockClientStopped",  # and likewise this
    "Neo.ClientError.Transaction.TransactionMarkedAsFailed",
    "Neo.ClientError.Transaction.TransactionNotFound",
    "Neo.ClientError.Cluster",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase",
    "Neo.ClientError.Database.DatabaseNotFound",
    "Neo.ClientError.Security.AuthorizationExpired",
    "Neo.ClientError.Security.AuthenticationRateLimit",
    "Neo.ClientError.Security.AuthProvider",
    "Neo.ClientError.Security.CredentialsExpired",
    "Neo.ClientError.Security.TokenExpired",
    "Neo.ClientError.Security.Unauthorized",  # a password was changed under the program
    "Neo.DatabaseError.Database",
    "Neo.DatabaseError.General.StorageDamageDetected",
    "Neo.DatabaseError.General.UnknownError",
    "Neo.DatabaseError.Transaction",
)
"""Beginnings of codes that speak of the server's state, though they are no transient errors to the driver."""

_NEO4J_TOO_MUCH: Final = (
    "Neo.TransientError.General.MemoryPool",
    "Neo.TransientError.General.OutOfMemoryError",
    "Neo.TransientError.General.StackOverFlowError",
    "Neo.TransientError.General.TransactionMemory",
    "Neo.ClientError.General.TransactionOutOfMemory",
)
"""The same again is too much again, transient to the driver or not: it must be made smaller."""

_NEO4J_MISUSED: Final = (BrokenRecordError, ConfigurationError, ResultError, SessionError, TransactionError)
"""The driver's own errors are about connections, but for these, which are about how it is used."""

_ABOUT_FILES: Final = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
"""What the system says of files is about how the program was installed, not about a store."""

_REDIS_STATES: Final = (OutOfMemoryError, ReadOnlyError, ClusterDownError, TryAgainError, ExecAbortError)
_REDIS_WORDS: Final = re.compile(
    r"(?:^|caused error: |: -)"  # a pipeline, and a script of an older server, put words of their own before
    r"(?:LOADING|MISCONF|MASTERDOWN|NOREPLICAS|BUSY|UNKILLABLE|OOM|READONLY)\b"
)
"""States of the server that the client has a class for, and those that it has none for."""


def is_away(error: BaseException) -> bool:
    """Whether waiting helps: the store is not there, or not now."""
    if isinstance(error, Refusal):
        return error.status == 503
    if isinstance(error, psycopg.Error):
        return postgres_away(error)
    if isinstance(error, (DriverError, Neo4jError)):
        return neo4j_away(error)
    if isinstance(error, RedisError):
        return redis_away(error)
    return isinstance(error, OSError) and not isinstance(error, _ABOUT_FILES)


def end_if_cancelled() -> None:
    """Raise CancelledError where the present task is to end: a driver may have made an error of its own out of that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def away_store(error: BaseException) -> str | None:
    """The store that is away, or could not do as much as was asked of it, by name; None for any other error.

    A bare error of a connection is the graph's: the clients of the other stores wrap theirs.
    """
    if not is_away(error) and not is_too_much(error):
        return None
    if isinstance(error, psycopg.Error):
        return "postgres"
    return "redis" if isinstance(error, RedisError) else "neo4j"


def is_too_much(error: BaseException) -> bool:
    """Whether a store had no room for what was asked of it: less may do."""
    if isinstance(error, psycopg.Error):
        return error.sqlstate == _POSTGRES_TOO_MUCH
    return isinstance(error, Neo4jError) and (error.code or "").startswith(_NEO4J_TOO_MUCH)


def may_be_done(error: BaseException) -> bool:
    """Whether a statement of Postgres that failed so may have taken effect: its connection broke before the answer."""
    if isinstance(error, Refusal) and error.__cause__ is not None:
        return may_be_done(error.__cause__)
    if not isinstance(error, psycopg.Error) or isinstance(error, _POSTGRES_UNSENT):
        return False
    if error.sqlstate is None:
        return postgres_away(error)
    return error.sqlstate.startswith(_POSTGRES_BROKEN) and error.sqlstate != _POSTGRES_MISUSED


def postgres_away(error: psycopg.Error) -> bool:
    """A connection that broke has no code; a limit of the program (54) or bad data (22) is no matter of waiting."""
    code = error.sqlstate
    if code is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    if code in (_POSTGRES_MISUSED, _POSTGRES_TOO_MUCH):
        return False
    return code[:2] in _POSTGRES_CLASSES or code in _POSTGRES_CODES


def neo4j_away(error: DriverError | Neo4jError) -> bool:
    """Whatever the server says of its own state, and whatever the driver says of connections."""
    if isinstance(error, Neo4jError):
        if is_too_much(error):
            return False
        return isinstance(error, TransientError) or (error.code or "").startswith(_NEO4J_CODES)
    return not isinstance(error, _NEO4J_MISUSED)


def redis_away(error: RedisError) -> bool:
    """What a script says of its arguments, and the client of a value it cannot send, is a defect; all else is not."""
    if isinstance(error, DataError):
        return False
    if not isinstance(error, ResponseError) or isinstance(error, _REDIS_STATES):
        return True
    return _REDIS_WORDS.search(str(error)) is not None
