"""One table tells a store that is away, late, full, read-only or restarting from a defect, by each store's words."""

from typing import Any

import psycopg
import pytest
from neo4j import exceptions as neo4j
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests
from redis import exceptions as redis
from redis.asyncio.connection import DefaultParser

from core.stores.away import away_store, is_away, is_too_much

POSTGRES_AWAY = (
    *("08000", "08001", "08003", "08006", "28000", "28P01", "40001", "40P01", "53000", "53100", "53300", "53400"),
    *("57014", "57P01", "57P02", "57P03", "57P04", "57P05", "58000", "58030"),
    *("25006", "25P03", "25P04", "55006", "55P03"),
)
POSTGRES_DEFECTS = ("08P01", "22P02", "23505", "42601", "42P01", "42501", "54000", "25P02", "XX000")


@pytest.mark.parametrize("code", POSTGRES_AWAY)
def test_postgres_is_away(code: str) -> None:
    error = psycopg.errors.lookup(code)("x")
    assert (is_away(error), away_store(error)) == (True, "postgres")


@pytest.mark.parametrize("code", POSTGRES_DEFECTS)
def test_postgres_met_a_defect(code: str) -> None:
    error = psycopg.errors.lookup(code)("x")
    assert (is_away(error), away_store(error)) == (False, None)


@pytest.mark.parametrize("kind", [PoolTimeout, PoolClosed, TooManyRequests, psycopg.OperationalError])
def test_a_connection_that_is_not_had_is_postgres_away(kind: type[psycopg.Error]) -> None:
    assert away_store(kind("x")) == "postgres"


NEO4J_AWAY = (
    "Neo.TransientError.Transaction.Terminated",
    "Neo.TransientError.Transaction.LockClientStopped",
    "Neo.TransientError.Transaction.DeadlockDetected",
    "Neo.TransientError.General.DatabaseUnavailable",
    "Neo.TransientError.Request.NoThreadsAvailable",
    "Neo.ClientError.Transaction.TransactionTimedOut",
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
    "Neo.ClientError.Transaction.TransactionNotFound",
    "Neo.ClientError.Transaction.TransactionMarkedAsFailed",
    "Neo.ClientError.Cluster.NotALeader",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase",
    "Neo.ClientError.Database.DatabaseNotFound",
    "Neo.ClientError.Security.AuthorizationExpired",
    "Neo.ClientError.Security.AuthenticationRateLimit",
    "Neo.ClientError.Security.AuthProviderTimeout",
    "Neo.DatabaseError.Database.DatabaseLimitReached",
    "Neo.DatabaseError.Transaction.TransactionCommitFailed",
    "Neo.DatabaseError.General.StorageDamageDetected",
    "Neo.DatabaseError.General.UnknownError",
    "Neo.ClientError.Security.Unauthorized",
    "Neo.ClientError.Security.CredentialsExpired",
    "Neo.ClientError.Security.TokenExpired",
)
NEO4J_DEFECTS = (
    "Neo.ClientError.Statement.SyntaxError",
    "Neo.ClientError.Statement.ParameterMissing",
    "Neo.ClientError.Schema.ConstraintValidationFailed",
    "Neo.ClientError.Security.Forbidden",
    "Neo.DatabaseError.Statement.ExecutionFailed",
)


@pytest.mark.parametrize("code", NEO4J_AWAY)
def test_neo4j_is_away(code: str) -> None:
    error = neo4j.Neo4jError._hydrate_neo4j(code=code, message="x")
    assert (is_away(error), away_store(error)) == (True, "neo4j")


@pytest.mark.parametrize("code", NEO4J_DEFECTS)
def test_neo4j_met_a_defect(code: str) -> None:
    error = neo4j.Neo4jError._hydrate_neo4j(code=code, message="x")
    assert (is_away(error), away_store(error)) == (False, None)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (neo4j.ServiceUnavailable("x"), True),
        (neo4j.SessionExpired("x"), True),
        (neo4j.ConnectionAcquisitionTimeoutError("x"), True),
        (neo4j.IncompleteCommit("x"), True),
        (neo4j.ConfigurationError("x"), False),
        (neo4j.ResultConsumedError(None, "x"), False),
        (neo4j.ResultFailedError(None, "x"), False),
        (neo4j.BrokenRecordError("x"), False),
        (neo4j.TransactionError(None, "x"), False),
        (FileNotFoundError("x"), False),
        (PermissionError("x"), False),
        (ConnectionResetError("x"), True),
        (TimeoutError("x"), True),
        (ValueError("x"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_driver_says(error: Exception, away: bool) -> None:
    assert (is_away(error), away_store(error)) == (away, "neo4j" if away else None)


REDIS_AWAY = (
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
    "LOADING Redis is loading the dataset in memory",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOREPLICAS Not enough good replicas to write.",
    "BUSY Redis is busy running a script.",
    "EXECABORT Transaction discarded because of previous errors.",
    "ERR max number of clients reached",
    "ERR Error running script (call to f_1): @user_script:3: -OOM command not allowed",
)
REDIS_DEFECTS = (
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "ERR user_script:12: attempt to compare nil with number",
    "ERR unknown command 'NONSENSE'",
    "NOSCRIPT No matching script.",
)


def _said(words: str) -> redis.RedisError:
    """What the client makes of a server's words."""
    parser: Any = DefaultParser
    error: redis.RedisError = parser.parse_error(words)
    return error


@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.parametrize("words", REDIS_AWAY)
def test_redis_is_away(words: str, in_pipeline: bool) -> None:
    error = _said(words)
    if in_pipeline:  # as the client writes it
        error.args = (f"Command # 1 (EVALSHA x) of pipeline caused error: {error.args[0]}", *error.args[1:])
    assert (is_away(error), away_store(error)) == (True, "redis")


@pytest.mark.parametrize("words", REDIS_DEFECTS)
def test_redis_met_a_defect(words: str) -> None:
    error = _said(words)
    assert (is_away(error), away_store(error)) == (False, None)


def test_a_value_that_cannot_be_sent_is_a_defect() -> None:
    error = redis.DataError("Invalid input of type: 'NoneType'")
    assert (is_away(error), away_store(error)) == (False, None)


@pytest.mark.parametrize("kind", [redis.ConnectionError, redis.TimeoutError, redis.MaxConnectionsError])
def test_a_connection_that_is_not_had_is_redis_away(kind: type[redis.RedisError]) -> None:
    assert away_store(kind("x")) == "redis"


@pytest.mark.parametrize(
    ("error", "store"),
    [
        (psycopg.errors.lookup("53200")("x"), "postgres"),
        (neo4j.Neo4jError._hydrate_neo4j(code="Neo.TransientError.General.MemoryPoolOutOfMemoryError"), "neo4j"),
        (neo4j.Neo4jError._hydrate_neo4j(code="Neo.ClientError.General.TransactionOutOfMemoryError"), "neo4j"),
        (neo4j.Neo4jError._hydrate_neo4j(code="Neo.TransientError.General.OutOfMemoryError"), "neo4j"),
        (neo4j.Neo4jError._hydrate_neo4j(code="Neo.TransientError.General.StackOverFlowError"), "neo4j"),
    ],
    ids=["postgres", "neo4j's pool", "neo4j's transaction", "neo4j's heap", "neo4j's stack"],
)
def test_too_much_is_no_matter_of_waiting_but_the_store_is_named(error: Exception, store: str) -> None:
    """A consumer makes it smaller; a caller hears which store it was."""
    assert (is_away(error), is_too_much(error), away_store(error)) == (False, True, store)
