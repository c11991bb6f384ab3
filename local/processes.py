"""The platform's own processes: the migration that comes first, then the API and the worker, detached."""

import contextlib
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.limits import PROCESS_READY_SECONDS_MAX
from local import CannotStart, Tell
from local.process import Detached, last_lines

PROCESSES = ("api", "worker")

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Processes:
    """What runs over the stores of a data folder; ``program`` takes a role (``migrate``, ``api``, ``worker``)."""

    data: Path
    program: Sequence[str]
    tell: Tell

    def migrate(self) -> None:
        """Bring the schemas up to date and wait for the end. Raises CannotStart."""
        self.tell("migrate", "starts")
        log = Detached("migrate", self.data).log
        with log.open("ab") as stream:
            done = subprocess.run(
                self._command("migrate"), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False
            )
        if done.returncode != 0:
            raise CannotStart(f"migrate failed ({done.returncode}); {log} ends:\n{last_lines(log)}")
        self.tell("migrate", "is done")

    def start(self) -> dict[str, int]:
        """Start those that do not run, without waiting; process ids by name."""
        pids = {}
        for name in PROCESSES:
            process = Detached(name, self.data)
            pids[name] = process.pid() or process.start(self._command(name))
            self.tell(name, "starts")
        return pids

    def ready(self, api: str) -> None:
        """Wait until the API says that all of it works. CannotStart when one died or it took too long."""
        deadline = time.monotonic() + PROCESS_READY_SECONDS_MAX
        said = "nothing"
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(f"{api}/readyz", timeout=5)
                if answer.status_code == 200:
                    break
                said = answer.text
            for name in PROCESSES:
                process = Detached(name, self.data)
                if not process.pid():
                    raise CannotStart(f"the {name} ended at once; {process.log} ends:\n{last_lines(process.log)}")
            if time.monotonic() > deadline:
                raise CannotStart(f"the platform is not ready; {api}/readyz last said: {said}")
            time.sleep(_POLL_SECONDS)
        for name in PROCESSES:
            self.tell(name, "answers")

    def stop(self) -> None:
        """Stop those that run, in reverse order."""
        for name in reversed(PROCESSES):
            process = Detached(name, self.data)
            was_alive = process.pid() is not None
            process.stop()
            if was_alive:
                self.tell(name, "is down")

    def _command(self, role: str) -> list[str]:
        return [*self.program, role, "--data", str(self.data)]
