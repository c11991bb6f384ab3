"""What a data folder remembers, so that a later start resumes as it was.

* ``settings.json``   the settings as they were at the last start that named them (see ``core/settings.py``)
* ``state.json``      ports and generated passwords of the embedded services (readable by the owner only)
* ``master.key``      the key all brand keys are wrapped with (likewise)
* ``services.json``   where everything answers and as which process (likewise)
* ``run/``, ``logs/`` process records and logs

Nobody but the owner sees anything of the platform's in it, whatever the rights were under which it was made.
"""

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel

from core.limits import UP_LOCK_SECONDS_MAX
from core.settings import Clock, Settings, named_in_environment, remembered, whole
from local import CannotStart, Tell
from local.ports import free_port
from local.private_files import OTHERS, keep_private, write_private

Services = dict[str, dict[str, Any]]
"""Part by name: ``url``, ``pid`` and, for Neo4j, ``user`` and ``password``."""

_LOCK_POLL_SECONDS = 0.5
_KEY_BYTES = 32
_UNUSABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR)
"""What says that the folder is at fault: rights, room, or something else where a file or a folder should be."""
_OURS = (
    *("settings.json*", "state.json*", "services.json*", "credentials.json*", "master.key*", "lock"),
    *("postgres*", "redis", "neo4j", "kafka", "run", "logs", "*-labels.*"),
)


class WrongFolder(Exception):
    """The folder cannot be used as a data folder; the message says in one line why."""


class ClockChosen(Exception):
    """The folder already lives by the other clock."""


class State(BaseModel):
    """Ports and passwords of the embedded services, by name; the API's port is among them."""

    ports: dict[str, int] = {}
    passwords: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one installation. Writing is for whoever holds it :meth:`alone`."""

    path: Path

    def settings(self) -> Settings:
        """What was chosen; the defaults for a folder that was never started."""
        return remembered(self.path)

    def choose(self, clock: Clock | None, *, kafka: bool = False) -> Settings:
        """Remember what the environment and the command name now, and make a first start's key.

        Raises ClockChosen for another clock than the folder's, and WrongSetting, also for a file that is broken.
        """
        before = self.settings()
        named = named_in_environment() | ({"clock": clock} if clock else {}) | ({"kafka": kafka} if kafka else {})
        chosen = before.model_copy(update=named)
        if chosen.clock != before.clock and (self.path / "settings.json").exists():
            raise ClockChosen(
                f"{self.path} lives by the {before.clock} clock since its first start; "
                f"use another folder (--data DIR) for a {chosen.clock} one"
            )
        write_private(self.path / "settings.json", chosen.model_dump_json(exclude_none=True, indent=2))
        key = self.path / "master.key"
        if not key.exists():
            write_private(key, secrets.token_hex(_KEY_BYTES))
        with whole(key):
            if len(bytes.fromhex(key.read_text().strip())) != _KEY_BYTES:
                raise ValueError
        with whole(self.path / "credentials.json"):
            self._read("credentials.json").get("brands", {}).keys()
        return chosen

    def state(self) -> State:
        """Ports and passwords as far as there are any."""
        with whole(self.path / "state.json"):
            return State.model_validate(self._read("state.json"))

    def complete_state(self, stores: Iterable[str], others: Iterable[str]) -> State:
        """Ports for all of these and passwords for the stores, made where missing and remembered."""
        state = self.state()
        for name in (*stores, *others):
            state.ports.setdefault(name, free_port(state.ports.values()))
        for name in stores:
            state.passwords.setdefault(name, secrets.token_hex(16))
        self.remember(state)
        return state

    def remember(self, state: State) -> None:
        """Keep ports and passwords."""
        write_private(self.path / "state.json", state.model_dump_json(indent=2))

    def services(self) -> Services:
        """Where everything answered last; nothing for a folder that was never started."""
        return self._read("services.json")

    def write_services(self, services: Services) -> None:
        """Say where everything answers: every process reads it."""
        write_private(self.path / "services.json", json.dumps(services, indent=2))

    @contextlib.contextmanager
    def alone(self, tell: Tell) -> Iterator[None]:
        """One command at a time works on a folder; the others wait here. CannotStart when that takes too long,
        WrongFolder where it cannot be made, read or written.

        What it and the processes it starts make is the owner's alone, and what was there before becomes so.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WrongFolder(f"{self.path} cannot be made: {error.strerror}") from None
        lock = FileLock(self.path / "lock", mode=0o600)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            tell("lock", "waits for another command on this folder")
            try:
                lock.acquire(timeout=UP_LOCK_SECONDS_MAX, poll_interval=_LOCK_POLL_SECONDS)
            except Timeout:
                raise CannotStart(f"another command has worked on {self.path} for too long") from None
        except OSError as error:
            raise WrongFolder(f"{self.path} cannot be written: {error.strerror}") from None
        mask = os.umask(OTHERS)
        try:
            (self.path / "logs").mkdir(exist_ok=True)
            keep_private(self._ours())
            yield
            keep_private(self._ours())  # a server may give rights of its own accord
        except OSError as error:
            if error.errno not in _UNUSABLE:
                raise
            raise WrongFolder(f"{error.filename or self.path}: {error.strerror}") from None
        finally:
            os.umask(mask)
            lock.release()

    def _ours(self) -> list[Path]:
        """The folder and what the platform has in it; somebody may have put the folder where other things lie."""
        self.path.chmod(0o700)
        return [found for pattern in _OURS for found in self.path.glob(pattern)]

    def _read(self, name: str) -> dict[str, Any]:
        """An object as JSON; an empty one where there is no such file. Raises WrongSetting."""
        try:
            with whole(self.path / name):
                content: dict[str, Any] = json.loads((self.path / name).read_text())
                content.keys()
        except FileNotFoundError:
            return {}
        return content
