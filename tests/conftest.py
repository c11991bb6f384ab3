"""Fixtures every test may use: real stores, started once per run and stopped at its end."""

from collections.abc import Iterator

import pytest

from tests.services import Neo4jAddress, Services, running_kafka, running_newer_neo4j, running_services

pytest_plugins = ("tests.platform",)
"""Fixtures of the whole platform, one installation per run."""


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Postgres, Redis and Neo4j 5.26: real ones, empty at the start of the run."""
    with running_services() as running:
        yield running


@pytest.fixture(scope="session")
def newer_neo4j() -> Iterator[Neo4jAddress]:
    """Neo4j 2026.08, started only when a test asks for it."""
    with running_newer_neo4j() as running:
        yield running


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """A Kafka broker's ``host:port``, started only when a test asks for it."""
    with running_kafka() as address:
        yield address
