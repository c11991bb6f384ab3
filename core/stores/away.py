"""Which errors say that a store is away, late, full, read-only or restarting, and which say that something is wrong.

The first are met by waiting and trying again, and answered with 503; the second are defects, or limits that more
waiting does not lift. One table for all stores.
"""

from __future__ import annotations

from typing import Final

import psycopg
from neo4j.exceptions import DriverError, Neo4jError, TransientError
from redis.exceptions import BusyLoadingError, OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from core.errors import Refusal

_POSTGRES_CLASSES: Final = ("08", "40", "53", "57", "58")
"""SQLSTATE classes: connection, rolled back (deadlock, serialization), resources, operator's intervention, system."""
_POSTGRES_CODES: Final = ("25006", "55P03")
"""Read-only; a lock that could not be had."""

_POSTGRES_TOO_MUCH: Final = "53200"
"""Out of memory: the same again is too much again, it must be made smaller."""

_NEO4J_CODES: Final = (
    "Neo.ClientError.Transaction.TransactionTimedOut",
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
    "Neo.ClientError.Transaction.LockClientStopped",
    "Neo.ClientError.Cluster.NotALeader",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
    "Neo.ClientError.Database.DatabaseNotFound",
    "Neo.ClientError.Security.AuthorizationExpired",
    "Neo.DatabaseError.Database",
    "Neo.DatabaseError.General.StorageDamageDetected",
    "Neo.DatabaseError.Transaction",
)
"""Beginnings of codes that speak of the server's state, though they are no transient errors to the driver."""

_NEO4J_TOO_MUCH: Final = ("Neo.TransientError.General.MemoryPool", "Neo.TransientError.General.TransactionMemory")
"""Transient to the driver, but the same again is too much again: it must be made smaller."""

_REDIS_WORDS: Final = ("LOADING", "MISCONF", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY ", "OOM ")


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
    return isinstance(error, (OSError, TimeoutError))


def away_store(error: BaseException) -> str | None:
    """The store that is away, by name; None for any other error.

    A bare error of a connection is the graph's: the clients of the other stores wrap theirs.
    """
    if not is_away(error):
        return None
    if isinstance(error, psycopg.Error):
        return "postgres"
    return "redis" if isinstance(error, RedisError) else "neo4j"


def postgres_away(error: psycopg.Error) -> bool:
    """A connection that broke has no code; a limit of the program (54) or bad data (22) is no matter of waiting."""
    code = error.sqlstate
    if code is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return (code[:2] in _POSTGRES_CLASSES or code in _POSTGRES_CODES) and code != _POSTGRES_TOO_MUCH


def neo4j_away(error: DriverError | Neo4jError) -> bool:
    """The driver's own errors are about connections, but for a few about how it is used."""
    if isinstance(error, Neo4jError):
        code = error.code or ""
        if code.startswith(_NEO4J_TOO_MUCH):
            return False
        return isinstance(error, TransientError) or code.startswith(_NEO4J_CODES)
    return True


def redis_away(error: RedisError) -> bool:
    """An error a script raises about its own arguments is a defect, everything about the server is not."""
    if isinstance(error, (BusyLoadingError, OutOfMemoryError, ReadOnlyError)):
        return True
    return not isinstance(error, ResponseError) or str(error).startswith(_REDIS_WORDS)
