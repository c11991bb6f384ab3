"""The embedded stores of an installation: those that no address replaces, started and stopped together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.limits import SERVICE_READY_SECONDS_MAX
from core.settings import Settings
from local import Service, Tell
from local.folder import Folder, State
from local.kafka import Kafka
from local.neo4j import Neo4j
from local.ports import becomes_free, free_port
from local.postgres import Postgres
from local.process import Detached
from local.redis import Redis

_MADE: dict[str, Callable[[Path, int, str], Service]] = {"postgres": Postgres, "redis": Redis, "neo4j": Neo4j}

STORES = tuple(_MADE)

KAFKA = "kafka"
"""Runs only where it was asked for."""
_KAFKA_CONTROLLER = "kafka_controller"


def kafka_runs_here(settings: Settings) -> bool:
    """Whether an embedded broker was asked for, and no address replaces it."""
    return settings.kafka and settings.kafka_bootstrap is None


def ports(settings: Settings) -> list[str]:
    """The ports beside those of the stores, by name."""
    return [KAFKA, _KAFKA_CONTROLLER] if kafka_runs_here(settings) else []


def embedded(folder: Folder, settings: Settings, state: State) -> list[Service]:
    """The stores that run here."""
    made: list[Service] = [
        make(folder.path, state.ports.get(name, 0), state.passwords.get(name, ""))
        for name, make in _MADE.items()
        if settings.address(name) is None
    ]
    if kafka_runs_here(settings):
        made.append(Kafka(folder.path, state.ports.get(KAFKA, 0), state.ports.get(_KAFKA_CONTROLLER, 0)))
    return made


def start(folder: Folder, settings: Settings, state: State, tell: Tell) -> dict[str, int]:
    """Start what is not running and wait until all answer; process ids by name. Raises CannotStart.

    A dead store whose port somebody else took gets another one, which ``state`` then says.
    """
    dead = [store for store in embedded(folder, settings, state) if not store.alive()]
    for store in dead:
        for port in ports(settings) if store.name == KAFKA else [store.name]:
            if not becomes_free(state.ports[port]):
                state.ports[port] = free_port(state.ports.values())
    folder.remember(state)
    stores = embedded(folder, settings, state)
    names = {store.name for store in dead}

    def prepare(store: Service) -> None:
        tell(store.name, "prepares")
        store.prepare()

    def run(store: Service) -> None:
        if not store.alive():
            if store.name not in names:  # it died since it was looked at
                prepare(store)
            tell(store.name, "starts")
            store.start()
        store.ready(SERVICE_READY_SECONDS_MAX)
        tell(store.name, "answers")

    with ThreadPoolExecutor(len(stores) or 1) as pool:
        # All files are made and checked before anything starts: a wrong jar leaves nothing running.
        list(pool.map(prepare, [store for store in stores if store.name in names]))
        list(pool.map(run, stores))
    return {store.name: pid for store in stores if (pid := Detached(store.name, folder.path).pid())}


def stop(folder: Folder, settings: Settings, state: State, tell: Tell) -> None:
    """Stop those that run; stores given by address are left alone."""

    def end(store: Service) -> None:
        was_alive = store.alive()
        store.stop()
        if was_alive:
            tell(store.name, "is down")

    with ThreadPoolExecutor(len(STORES) + 1) as pool:
        list(pool.map(end, embedded(folder, settings, state)))
