"""One installation in one data folder: starts it, stops it, tells what runs.

What a folder remembers, so that a later start resumes as it was:

* ``settings.json``   the clock's mode, and addresses that replace embedded services: ``TREFOIL_POSTGRES_URL``,
                      ``TREFOIL_REDIS_URL``, ``TREFOIL_NEO4J_URL`` (with ``_USER``, ``_PASSWORD``) and
                      ``TREFOIL_API_URL``, where the API listens, as they were at the last start that named them
* ``state.json``      ports and generated passwords of the embedded services (readable by the owner only)
* ``master.key``      the key all brand keys are wrapped with (likewise)
* ``services.json``   where everything answers and as which process (likewise)
* ``run/``, ``logs/`` process records and logs

The stores come first and together, then ``migrate``, then the API and the worker as processes of their own.
"""

import contextlib
import fcntl
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.limits import PROCESS_READY_SECONDS_MAX, SERVICE_READY_SECONDS_MAX, UP_LOCK_SECONDS_MAX
from local import CannotStart, Service
from local.neo4j import Neo4j
from local.ports import answers, becomes_free, free_port
from local.postgres import Postgres
from local.process import Detached, last_lines, write_private
from local.redis import Redis

Clock = Literal["real", "simulated"]
Tell = Callable[[str, str], None]
"""Called with the name of a part and what it does now; from several threads."""

STORES = ("postgres", "redis", "neo4j")
PROCESSES = ("api", "worker")
NAMES = (*STORES, *PROCESSES)

_POLL_SECONDS = 0.1
_STORE_PORTS = {"postgres": 5432, "redis": 6379, "neo4j": 7687}  # where an address without a port points


class ClockChosen(Exception):
    """The folder already lives by the other clock."""


class Settings(BaseModel):
    """What was chosen for a folder and stays chosen; an address replaces the embedded service."""

    model_config = ConfigDict(extra="forbid")

    clock: Clock = "real"
    postgres_url: str | None = None
    redis_url: str | None = None
    neo4j_url: str | None = None
    neo4j_user: str = "neo4j"
    neo4j_password: str = ""
    api_url: str | None = None

    def address(self, store: str) -> str | None:
        """The address that replaces an embedded store, if one was given."""
        address: str | None = getattr(self, f"{store}_url")
        return address


class _FromEnvironment(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TREFOIL_")

    postgres_url: str | None = None
    redis_url: str | None = None
    neo4j_url: str | None = None
    neo4j_user: str | None = None
    neo4j_password: str | None = None
    api_url: str | None = None


class _State(BaseModel):
    ports: dict[str, int]
    passwords: dict[str, str]


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a part runs and answers, its process (None when it is not ours) and its address."""

    up: bool
    pid: int | None
    url: str | None


class Installation:
    """The installation in one data folder. One command at a time works on it; the others wait."""

    def __init__(self, data: Path, tell: Tell = lambda _name, _what: None) -> None:
        self.data = data.absolute()
        self._tell = tell

    def up(self, clock: Clock | None = None) -> str:
        """Start what is not running and wait until all of it answers; the API's address.

        Raises CannotStart naming the part that failed, and ClockChosen for another clock than the folder's.
        """
        with self._alone():
            settings = self._settle(clock)
            state = self._remembered_state()
            before = self._read("services.json")
            pids = self._start_stores(settings, state)
            if not (self._process("api").pid() or settings.api_url or becomes_free(state.ports["api"])):
                state.ports["api"] = free_port(state.ports.values())
                self._remember(state)
            services = self._addresses(settings, state, pids)
            if _where(before) != _where(services):
                self._stop_processes()
            self._write_services(services)
            self._migrate()
            self._start_processes(services)
            return str(services["api"]["url"])

    def prepare(self, clock: Clock | None = None) -> None:
        """Write what the API and the worker read, and migrate, for installations whose parts are started elsewhere.

        Raises CannotStart unless every store is given by address.
        """
        with self._alone():
            settings = self._settle(clock)
            if missing := [store for store in STORES if settings.address(store) is None]:
                raise CannotStart(f"no address of {', '.join(missing)}: set TREFOIL_{missing[0].upper()}_URL")
            self._write_services(self._addresses(settings, self._remembered_state(), {}))
            self._migrate()

    def start_stores(self) -> dict[str, Any]:
        """Start the stores alone; their part of ``services.json``. For tests of the stores themselves."""
        with self._alone():
            settings, state = self._settle(None), self._remembered_state()
            services = self._addresses(settings, state, self._start_stores(settings, state))
            self._write_services(services)
            return {name: services[name] for name in STORES}

    def down(self) -> None:
        """Stop everything this folder runs, in reverse order. Stores given by address are left alone."""
        if not self.data.exists():
            return
        with self._alone():
            self._stop_processes()
            with ThreadPoolExecutor(len(STORES)) as pool:
                list(pool.map(self._stop_store, self._embedded(self._settings(), self._state())))
            if services := self._read("services.json"):
                for service in services.values():
                    service["pid"] = None
                self._write_services(services)

    def status(self) -> dict[str, Status]:
        """Every part by name. A part is up when its process runs and, if it has a port, answers on it."""
        services = self._read("services.json")
        return {name: self._status_of(name, services.get(name, {}).get("url")) for name in NAMES}

    def log(self, name: str) -> Path:
        """The log of a part."""
        return self._process(name).log

    # --- what the folder remembers ----------------------------------------------------------------------------

    def _settle(self, clock: Clock | None) -> Settings:
        path = self.data / "settings.json"
        settings = self._settings()
        if clock and path.exists() and clock != settings.clock:
            raise ClockChosen(
                f"{self.data} lives by the {settings.clock} clock since its first start; "
                f"use another folder (--data DIR) for a {clock} one"
            )
        given = _FromEnvironment().model_dump(exclude_none=True)
        settings = settings.model_copy(update=given | ({"clock": clock} if clock else {}))
        write_private(path, settings.model_dump_json(exclude_none=True, indent=2))
        key = self.data / "master.key"
        if not key.exists():
            write_private(key, secrets.token_hex(32))
        return settings

    def _settings(self) -> Settings:
        return Settings.model_validate(self._read("settings.json"))

    def _state(self) -> _State:
        return _State.model_validate(self._read("state.json") or {"ports": {}, "passwords": {}})

    def _remembered_state(self) -> _State:
        state = self._state()
        for name in (*STORES, "api"):
            state.ports.setdefault(name, free_port(state.ports.values()))
        for name in STORES:
            state.passwords.setdefault(name, secrets.token_hex(16))
        self._remember(state)
        return state

    def _remember(self, state: _State) -> None:
        write_private(self.data / "state.json", state.model_dump_json(indent=2))

    def _read(self, name: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads((self.data / name).read_text())
        except FileNotFoundError:
            return {}
        return content

    def _write_services(self, services: dict[str, Any]) -> None:
        write_private(self.data / "services.json", json.dumps(services, indent=2))

    def _addresses(self, settings: Settings, state: _State, pids: dict[str, int]) -> dict[str, Any]:
        embedded = {store.name: store for store in self._embedded(settings, state)}
        services: dict[str, Any] = {
            name: {"url": settings.address(name) or embedded[name].url, "pid": pids.get(name)} for name in STORES
        }
        ours = "neo4j" in embedded
        services["neo4j"]["user"] = "neo4j" if ours else settings.neo4j_user
        services["neo4j"]["password"] = state.passwords["neo4j"] if ours else settings.neo4j_password
        services["api"] = {
            "url": settings.api_url or f"http://127.0.0.1:{state.ports['api']}",
            "pid": self._process("api").pid(),
        }
        services["worker"] = {"pid": self._process("worker").pid()}
        return services

    # --- the stores -------------------------------------------------------------------------------------------

    def _embedded(self, settings: Settings, state: _State) -> list[Service]:
        made: dict[str, type[Postgres] | type[Redis] | type[Neo4j]] = {
            "postgres": Postgres,
            "redis": Redis,
            "neo4j": Neo4j,
        }
        return [
            make(self.data, state.ports.get(name, 0), state.passwords.get(name, ""))
            for name, make in made.items()
            if settings.address(name) is None
        ]

    def _start_stores(self, settings: Settings, state: _State) -> dict[str, int]:
        dead = [store for store in self._embedded(settings, state) if not store.alive()]
        for store in dead:
            if not becomes_free(state.ports[store.name]):
                state.ports[store.name] = free_port(state.ports.values())
        self._remember(state)
        stores = self._embedded(settings, state)
        names = {store.name for store in dead}
        with ThreadPoolExecutor(len(STORES)) as pool:
            # All files are made and checked before anything starts: a wrong jar leaves nothing running.
            list(pool.map(self._prepare, [store for store in stores if store.name in names]))
            list(pool.map(self._start, stores))
        return {store.name: pid for store in stores if (pid := self._process(store.name).pid())}

    def _prepare(self, store: Service) -> None:
        self._tell(store.name, "prepares")
        store.prepare()

    def _start(self, store: Service) -> None:
        if not store.alive():
            self._tell(store.name, "starts")
            store.start()
        store.ready(SERVICE_READY_SECONDS_MAX)
        self._tell(store.name, "answers")

    def _stop_store(self, store: Service) -> None:
        was_alive = store.alive()
        store.stop()
        if was_alive:
            self._tell(store.name, "is down")

    # --- migrate, API, worker ---------------------------------------------------------------------------------

    def _process(self, name: str) -> Detached:
        return Detached(name, self.data)

    def _command(self, role: str) -> list[str]:
        return [sys.executable, "-m", "ops.processes", role, "--data", str(self.data)]

    def _migrate(self) -> None:
        self._tell("migrate", "starts")
        log = self._process("migrate").log
        with log.open("ab") as stream:
            done = subprocess.run(
                self._command("migrate"), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False
            )
        if done.returncode != 0:
            raise CannotStart(f"migrate failed ({done.returncode}); {log} ends:\n{last_lines(log)}")
        self._tell("migrate", "is done")

    def _start_processes(self, services: dict[str, Any]) -> None:
        for name in PROCESSES:
            process = self._process(name)
            services[name]["pid"] = process.pid() or process.start(self._command(name))
            self._tell(name, "starts")
        self._write_services(services)
        self._wait_until_ready(services["api"]["url"])
        for name in PROCESSES:
            self._tell(name, "answers")

    def _wait_until_ready(self, api: str) -> None:
        deadline = time.monotonic() + PROCESS_READY_SECONDS_MAX
        said = "nothing"
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(f"{api}/readyz", timeout=5)
                if answer.status_code == 200:
                    return
                said = answer.text
            for name in PROCESSES:
                if not self._process(name).pid():
                    log = self.log(name)
                    raise CannotStart(f"the {name} ended at once; {log} ends:\n{last_lines(log)}")
            if time.monotonic() > deadline:
                raise CannotStart(f"the platform is not ready; {api}/readyz last said: {said}")
            time.sleep(_POLL_SECONDS)

    def _stop_processes(self) -> None:
        for name in reversed(PROCESSES):
            process = self._process(name)
            was_alive = process.pid() is not None
            process.stop()
            if was_alive:
                self._tell(name, "is down")

    def _status_of(self, name: str, url: str | None) -> Status:
        pid = self._process(name).pid()
        ours = name in PROCESSES or self._settings().address(name) is None
        up = (pid is not None or not ours) and (name == "worker" or (url is not None and _answers(name, url)))
        return Status(up, pid, url)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.data / "logs").mkdir(exist_ok=True)
        with (self.data / "lock").open("w") as lock:
            deadline = time.monotonic() + UP_LOCK_SECONDS_MAX
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    self._tell("lock", "waits for another command on this folder")
                    if time.monotonic() > deadline:
                        raise CannotStart(f"another command has worked on {self.data} for too long") from None
                    time.sleep(_POLL_SECONDS * 5)
            yield


def _where(services: dict[str, Any]) -> dict[str, Any]:
    """The addresses and passwords alone: when they change, the API and the worker must learn them anew."""
    return {name: {key: value for key, value in service.items() if key != "pid"} for name, service in services.items()}


def _answers(name: str, url: str) -> bool:
    parts = urlsplit(url)
    return answers(parts.port or _STORE_PORTS[name], parts.hostname or "127.0.0.1")
