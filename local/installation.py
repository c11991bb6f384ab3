"""One installation in one data folder: starts it, stops it, tells what runs.

The stores come first and together, then ``migrate``, then the API and the worker as processes of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.settings import Clock, Settings, WrongSetting
from local import CannotStart, Tell, stores
from local.folder import Folder, Services, State
from local.ports import answers, becomes_free, free_port
from local.process import Detached
from local.processes import PROCESSES, Processes
from local.stores import KAFKA, STORES, kafka_runs_here

NAMES = (*STORES, *PROCESSES)
"""The parts of every installation; Kafka is one more where it was asked for."""

_THIS_MACHINE = ("127.0.0.1", "localhost", "0.0.0.0")
_STORE_PORTS = {"postgres": 5432, "redis": 6379, "neo4j": 7687, KAFKA: 9092}  # where an address without a port points


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a part runs and answers, its process (None when it is not ours) and its address."""

    up: bool
    pid: int | None
    url: str | None


class Installation:
    """The installation in one data folder. One command at a time works on it; the others wait.

    ``program`` is the command line that runs one of the platform's processes, given its role and ``--data``.
    """

    def __init__(self, data: Path, program: Sequence[str], tell: Tell = lambda _name, _what: None) -> None:
        self.data = data.absolute()
        self._folder = Folder(self.data)
        self._processes = Processes(self.data, program, tell)
        self._tell = tell

    def up(self, clock: Clock | None = None, *, kafka: bool = False) -> str:
        """Start what is not running and wait until all of it answers; the API's address.

        With ``kafka`` a broker too, now and at every later start.

        Raises CannotStart naming the part that failed, ClockChosen for another clock than the folder's, and
        WrongSetting.
        """
        with self._folder.alone(self._tell):
            settings, state = self._remembered(clock, kafka=kafka)
            self._refuse_taken_port(settings)
            before = self._folder.services()
            pids = stores.start(self._folder, settings, state, self._tell)
            if not (self._process("api").pid() or settings.api_url or becomes_free(state.ports["api"])):
                state.ports["api"] = free_port(state.ports.values())
                self._folder.remember(state)
            services = self._addresses(settings, state, pids)
            if _where(before) != _where(services):
                self._processes.stop()
            self._folder.write_services(services)
            self._processes.migrate()
            for name, pid in self._processes.start().items():
                services[name]["pid"] = pid
            self._folder.write_services(services)
            self._processes.ready(services["api"]["url"])
            return str(services["api"]["url"])

    def prepare(self, clock: Clock | None = None) -> None:
        """Write what the API and the worker read, and migrate, for installations whose parts are started elsewhere.

        Raises CannotStart unless every store is given by address; ClockChosen and WrongSetting like :meth:`up`.
        """
        with self._folder.alone(self._tell):
            settings = self._folder.choose(clock)
            if missing := [store for store in STORES if settings.address(store) is None]:
                raise CannotStart(f"no address of {', '.join(missing)}: set TREFOIL_{missing[0].upper()}_URL")
            state = self._folder.complete_state(STORES, ["api"])
            self._folder.write_services(self._addresses(settings, state, {}))
            self._processes.migrate()

    def start_stores(self, *, kafka: bool = False) -> Services:
        """Start the stores alone; their part of ``services.json``. For tests of the stores themselves."""
        with self._folder.alone(self._tell):
            settings, state = self._remembered(None, kafka=kafka)
            pids = stores.start(self._folder, settings, state, self._tell)
            services = self._addresses(settings, state, pids)
            self._folder.write_services(services)
            return {name: services[name] for name in (*STORES, KAFKA) if name in services}

    def down(self) -> None:
        """Stop everything this folder runs, in reverse order. Stores given by address are left alone."""
        if not self.data.exists():
            return
        with self._folder.alone(self._tell):
            self._processes.stop()
            stores.stop(self._folder, self._folder.settings(), self._folder.state(), self._tell)
            if services := self._folder.services():
                for service in services.values():
                    service["pid"] = None
                self._folder.write_services(services)

    def status(self) -> dict[str, Status]:
        """Every part by name. A part is up when its process runs and, if it has a port, answers on it."""
        services, settings = self._folder.services(), self._folder.settings()
        names = [*STORES, *([KAFKA] if KAFKA in services else []), *PROCESSES]
        return {name: self._status_of(name, services.get(name, {}).get("url"), settings) for name in names}

    def log(self, name: str) -> Path:
        """The log of a part."""
        return self._process(name).log

    def _process(self, name: str) -> Detached:
        return Detached(name, self.data)

    def _remembered(self, clock: Clock | None, *, kafka: bool = False) -> tuple[Settings, State]:
        settings = self._folder.choose(clock, kafka=kafka)
        return settings, self._folder.complete_state(STORES, ["api", *stores.ports(settings)])

    def _refuse_taken_port(self, settings: Settings) -> None:
        """Nobody else may listen where the API is to be found; WrongSetting where somebody does."""
        found = urlsplit(settings.api_url or "")
        if found.hostname not in _THIS_MACHINE or found.port is None or self._process("api").pid():
            return
        if not becomes_free(found.port):
            raise WrongSetting(f"TREFOIL_API_URL: port {found.port} of this machine is in use by something else")

    def _addresses(self, settings: Settings, state: State, pids: dict[str, int]) -> Services:
        ours = {store.name: store for store in stores.embedded(self._folder, settings, state)}
        services: Services = {
            name: {"url": settings.address(name) or ours[name].url, "pid": pids.get(name)} for name in STORES
        }
        embedded = "neo4j" in ours
        services["neo4j"]["user"] = "neo4j" if embedded else settings.neo4j_user
        services["neo4j"]["password"] = state.passwords["neo4j"] if embedded else settings.neo4j_password
        if KAFKA in ours:
            services[KAFKA] = {"url": ours[KAFKA].url, "pid": pids.get(KAFKA)}
        elif settings.kafka_bootstrap:
            services[KAFKA] = {"url": settings.kafka_bootstrap, "pid": None}
        services["api"] = {
            "url": settings.api_url or f"http://127.0.0.1:{state.ports['api']}",
            "pid": self._process("api").pid(),
        }
        services["worker"] = {"pid": self._process("worker").pid()}
        return services

    def _status_of(self, name: str, url: str | None, settings: Settings) -> Status:
        pid = self._process(name).pid()
        ours = name in PROCESSES or (kafka_runs_here(settings) if name == KAFKA else settings.address(name) is None)
        up = (pid is not None or not ours) and (name == "worker" or (url is not None and _answers(name, url)))
        return Status(up, pid, url)


def _where(services: Services) -> dict[str, Any]:
    """The addresses and passwords alone: when they change, the API and the worker must learn them anew."""
    return {name: {key: value for key, value in service.items() if key != "pid"} for name, service in services.items()}


def _answers(name: str, url: str) -> bool:
    parts = urlsplit(url if "//" in url else f"//{url.partition(',')[0]}")
    return answers(parts.port or _STORE_PORTS[name], parts.hostname or "127.0.0.1")
