"""The embedded stores of an installation: those that no address replaces, started and stopped together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.limits import SERVICE_READY_SECONDS_MAX
from core.settings import Settings
from local import Service, Tell
from local.folder import Folder, State
from local.neo4j import Neo4j
from local.ports import becomes_free, free_port
from local.postgres import Postgres
from local.process import Detached
from local.redis import Redis

_MADE: dict[str, Callable[[Path, int, str], Service]] = {"postgres": Postgres, "redis": Redis, "neo4j": Neo4j}

STORES = tuple(_MADE)


def embedded(folder: Folder, settings: Settings, state: State) -> list[Service]:
    """The stores that run here."""
    return [
        make(folder.path, state.ports.get(name, 0), state.passwords.get(name, ""))
        for name, make in _MADE.items()
        if settings.address(name) is None
    ]


def start(folder: Folder, settings: Settings, state: State, tell: Tell) -> dict[str, int]:
    """Start what is not running and wait until all answer; process ids by name. Raises CannotStart.

    A dead store whose port somebody else took gets another one, which ``state`` then says.
    """
    dead = [store for store in embedded(folder, settings, state) if not store.alive()]
    for store in dead:
        if not becomes_free(state.ports[store.name]):
            state.ports[store.name] = free_port(state.ports.values())
    folder.remember(state)
    stores = embedded(folder, settings, state)
    names = {store.name for store in dead}

    def prepare(store: Service) -> None:
        tell(store.name, "prepares")
        store.prepare()

    def run(store: Service) -> None:
        if not store.alive():
            tell(store.name, "starts")
            store.start()
        store.ready(SERVICE_READY_SECONDS_MAX)
        tell(store.name, "answers")

    with ThreadPoolExecutor(len(STORES)) as pool:
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

    with ThreadPoolExecutor(len(STORES)) as pool:
        list(pool.map(end, embedded(folder, settings, state)))
