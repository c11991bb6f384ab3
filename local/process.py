"""A detached process that is recognised again later, by any command, and never mistaken for another.

A process id alone proves nothing: ids are used again. The record keeps with it the boot and the tick at which the
process was created.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.limits import LOG_BYTES_MAX, STOP_SECONDS_MAX
from local.private_files import write_private

_POLL_SECONDS = 0.02
_BOOT = Path("/proc/sys/kernel/random/boot_id")  # the one thing psutil does not tell
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_children: dict[int, subprocess.Popen[bytes]] = {}  # those this very process started: it must reap them


@dataclass(frozen=True, slots=True)
class Detached:
    """A process with its record (``run/<name>.json``) and its log (``logs/<name>.log``) in a data folder."""

    name: str
    data: Path

    @property
    def record(self) -> Path:
        return self.data / "run" / f"{self.name}.json"

    @property
    def log(self) -> Path:
        return self.data / "logs" / f"{self.name}.log"

    def start(
        self,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> int:
        """Start the command in its own session, output to the log, and record it. Returns its process id."""
        self.record.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            os.replace(self.log, self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        _children[child.pid] = child
        write_private(self.record, json.dumps({"pid": child.pid, "started": _started(child.pid)}))
        return child.pid

    def pid(self) -> int | None:
        """The id of the recorded process while it runs, else None."""
        try:
            recorded = json.loads(self.record.read_text())
            pid, started = int(recorded["pid"]), recorded["started"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        runs = started is not None and _started(pid) == started
        if child := _children.get(pid):
            child.poll()  # after the look: one that ended just before it is reaped, not left behind
        return pid if runs else None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask the process to end; kill it after the grace period. Its record goes with it."""
        if (pid := self.pid()) is not None:
            _send(pid, how)
            if not self._gone_within(STOP_SECONDS_MAX):
                _send(pid, signal.SIGKILL)
                self._gone_within(STOP_SECONDS_MAX)
        self.record.unlink(missing_ok=True)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, for a person to read."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return "(no log)"


def kill_working_in(folder: Path, program: str) -> None:
    """Kill what is left of a service: processes of that program whose working folder is this one.

    They are the children of a killed server, or a server whose starter was killed before it could record it.
    """
    wanted = str(folder.resolve())
    for pid in psutil.pids():  # asked anew each: process_iter() remembers what a process was before it became a server
        with contextlib.suppress(psutil.Error):  # gone meanwhile, or somebody else's
            process = psutil.Process(pid)
            if Path(process.exe()).name == program and process.cwd() == wanted:
                process.kill()


def _send(pid: int, how: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).send_signal(how)


def _started(pid: int) -> str | None:
    """Boot and tick at which a process started; None when it is gone or only waits to be reaped."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD) and process.num_threads() < 2:
                # A killed program with many threads holds its ports until the last of them is gone.
                return None
        since_boot_s = _since_boot_s(pid)
    except psutil.NoSuchProcess:
        return None
    return f"{_BOOT.read_text().strip()}:{round(since_boot_s * _TICKS_PER_SECOND)}"


def _since_boot_s(pid: int) -> float:
    """When a process started. Told since 1970, that moves whenever the machine's clock is set; since the boot it does
    not, as long as the clock was not set between the two questions.
    """
    while True:
        boot = psutil.boot_time()
        since_boot_s = psutil.Process(pid).create_time() - boot
        if psutil.boot_time() == boot:
            return since_boot_s
