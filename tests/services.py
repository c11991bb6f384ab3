"""Real Postgres, Redis, Neo4j and Kafka for the tests: by address from the environment, else Docker, else embedded.

``TREFOIL_TEST_POSTGRES_URL``, ``TREFOIL_TEST_REDIS_URL`` and ``TREFOIL_TEST_NEO4J_URL`` (with ``…_USER`` and
``…_PASSWORD``) name stores that are already there and may be written to. ``TREFOIL_TEST_NEO4J_2026_URL``
likewise names a server of the newer release line, ``TREFOIL_TEST_KAFKA_BOOTSTRAP`` a Kafka.
"""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
from filelock import FileLock

from core.limits import SERVICE_READY_SECONDS_MAX
from local import Service
from local.kafka import Kafka
from local.neo4j import NEO4J_5_26, NEO4J_2026_08, Neo4j, Release
from local.ports import free_port
from local.postgres import Postgres
from local.process import Detached
from local.redis import Redis

_ROOT = Path(tempfile.gettempdir()) / f"trefoil-tests-{os.getuid()}"

S = TypeVar("S", bound=Service)


@dataclass(frozen=True, slots=True)
class Neo4jAddress:
    """Where a Neo4j answers and how to sign in."""

    url: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Services:
    """Addresses of the three stores; the Postgres one is the owner's."""

    postgres_url: str
    redis_url: str
    neo4j_url: str
    neo4j_user: str
    neo4j_password: str


@contextlib.contextmanager
def running_services() -> Iterator[Services]:
    """All three stores, started at the same time, and stopped again whatever happens."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        neo4j = pool.submit(stack.enter_context, running_neo4j(NEO4J_5_26, "TREFOIL_TEST_NEO4J"))
        postgres = pool.submit(stack.enter_context, _running_postgres())
        redis = pool.submit(stack.enter_context, _running_redis())
        graph = neo4j.result()
        yield Services(postgres.result(), redis.result(), graph.url, graph.user, graph.password)


@contextlib.contextmanager
def running_neo4j(release: Release, variable: str) -> Iterator[Neo4jAddress]:
    """A Neo4j of one release line; ``variable`` is what its environment variables begin with."""
    if url := os.environ.get(f"{variable}_URL"):
        yield Neo4jAddress(url, os.environ.get(f"{variable}_USER", "neo4j"), os.environ.get(f"{variable}_PASSWORD", ""))
    elif _docker_answers():
        from testcontainers.neo4j import Neo4jContainer

        image = f"neo4j:{release.lock.removeprefix('neo4j-')}-community"
        with Neo4jContainer(image, password=secrets.token_hex(16)) as container:
            yield Neo4jAddress(container.get_connection_url(), container.username, container.password)
    else:
        with _embedded(lambda data: Neo4j(data, free_port(), secrets.token_hex(16), release)) as server:
            yield Neo4jAddress(server.url, "neo4j", server.password)


def running_newer_neo4j() -> contextlib.AbstractContextManager[Neo4jAddress]:
    """The newer release line, on which every query file must work too."""
    return running_neo4j(NEO4J_2026_08, "TREFOIL_TEST_NEO4J_2026")


@contextlib.contextmanager
def running_kafka() -> Iterator[str]:
    """A Kafka broker; its ``host:port``."""
    if address := os.environ.get("TREFOIL_TEST_KAFKA_BOOTSTRAP"):
        yield address
    elif _docker_answers():
        from testcontainers.kafka import KafkaContainer

        with KafkaContainer("apache/kafka:4.1.0") as container:
            yield container.get_bootstrap_server()
    else:
        with _embedded(lambda data: Kafka(data, free_port(), free_port())) as server:
            yield server.url


@contextlib.contextmanager
def _running_postgres() -> Iterator[str]:
    if url := os.environ.get("TREFOIL_TEST_POSTGRES_URL"):
        yield url
    elif _docker_answers():
        from testcontainers.postgres import PostgresContainer

        with PostgresContainer("postgres:18", username="trefoil", dbname="trefoil", driver=None) as container:
            yield container.get_connection_url()
    else:
        with _embedded(lambda data: Postgres(data, free_port(), secrets.token_hex(16))) as server:
            yield server.url


@contextlib.contextmanager
def _running_redis() -> Iterator[str]:
    if url := os.environ.get("TREFOIL_TEST_REDIS_URL"):
        yield url
    elif _docker_answers():
        from testcontainers.redis import RedisContainer

        with RedisContainer("valkey/valkey:9") as container:
            yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"
    else:
        with _embedded(lambda data: Redis(data, free_port(), secrets.token_hex(16))) as server:
            yield server.url


@contextlib.contextmanager
def _embedded(make: Callable[[Path], S]) -> Iterator[S]:
    _sweep()
    folder = _ROOT / str(os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    data = Path(tempfile.mkdtemp(dir=folder))
    server = make(data)
    try:
        server.prepare()
        server.start()
        server.ready(SERVICE_READY_SECONDS_MAX)
        yield server
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)


def _sweep() -> None:
    """Stop and delete what earlier test runs left behind; one at a time, for services start side by side."""
    _ROOT.mkdir(parents=True, exist_ok=True)
    with FileLock(_ROOT / "sweep.lock"):
        for folder in _ROOT.glob("[0-9]*"):
            if not psutil.pid_exists(int(folder.name)):
                for record in folder.glob("*/run/*.json"):
                    Detached(record.stem, record.parent.parent).stop()
                shutil.rmtree(folder, ignore_errors=True)


def _docker_answers() -> bool:
    import docker
    from docker.errors import DockerException

    try:
        return bool(docker.from_env(timeout=2).ping())
    except DockerException:
        return False
