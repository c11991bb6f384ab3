"""One installation on one machine: its data folder, its processes, and stores for machines that have none.

The embedded stores are real Postgres, Redis and Neo4j from Python wheels and locked jars. Each is a small class with
the same verbs: ``prepare`` (make or repair its files; starts nothing), ``start``, ``alive``, ``ready``, ``stop``. Its
state lies in one folder, which may be moved while it is down.
"""

from collections.abc import Callable
from typing import Protocol

Tell = Callable[[str, str], None]
"""Called with the name of a part and what it does now; from several threads."""


class CannotStart(Exception):
    """Something a person must look at before the service can run; the message says what and where."""


class Service(Protocol):
    """One embedded service in one folder on one loopback port."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str:
        """Its address, password included."""
        ...

    def prepare(self) -> None:
        """Make its files, or finish what an interrupted first start left. Raises CannotStart."""
        ...

    def start(self) -> int:
        """Start it, detached; its process id at once, before it answers. Raises CannotStart."""
        ...

    def alive(self) -> bool:
        """Whether its process, and no other that took the same id, runs."""
        ...

    def ready(self, timeout_seconds: float) -> None:
        """Wait until it answers a client with its password. CannotStart when it died or took too long."""
        ...

    def stop(self) -> None:
        """Stop it cleanly, or by force after a grace period. Does nothing when it is not running."""
        ...
