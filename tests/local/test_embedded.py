"""What each embedded service does after an accident, tried on the real server programs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local import unroot
from local.ports import free_port, is_free
from local.postgres import Postgres

READY_SECONDS = 30.0


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres(tmp_path, free_port(), "a password with 'quotes'".replace(" ", "-").replace("'", "."))
    yield server
    server.stop()


def _run(server: Postgres) -> None:
    server.prepare()
    server.start()
    server.ready(READY_SECONDS)


def test_an_interrupted_initdb_is_made_anew(postgres: Postgres, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from local.postgres import Postgres; "
        f"Postgres(Path({str(tmp_path)!r}), 1, 'x').prepare()"
    )
    making = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    deadline = time.monotonic() + READY_SECONDS
    while not (tmp_path / "postgres.making" / "base").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(making.pid, signal.SIGKILL)
    making.wait()
    assert not (tmp_path / "postgres").exists()
    _run(postgres)


def test_a_killed_postgres_starts_again_on_its_port_with_its_data(postgres: Postgres) -> None:
    _run(postgres)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        pid = postgres.process.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + READY_SECONDS
    while postgres.alive():
        assert time.monotonic() < deadline
    _run(postgres)
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_block(postgres: Postgres) -> None:
    postgres.prepare()
    stale = postgres.data / "postgres" / "postmaster.pid"
    stale.write_text(f"{os.getppid()}\n{postgres.data / 'postgres'}\n1\n{postgres.port}\n\n127.0.0.1\n")
    _run(postgres)


@pytest.mark.parametrize("chosen", ["namespace", "setuid"] if os.geteuid() == 0 else ["plain"])
def test_postgres_runs_in_every_way_this_user_has_below_a_closed_folder(
    chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("TREFOIL_UNROOT", chosen)
    unroot.way.cache_clear()
    server = Postgres(closed / "data", free_port(), "secret")
    try:
        _run(server)
        assert unroot.way() == chosen
        assert psycopg.connect(server.url).info.dbname == "trefoil"
    finally:
        server.stop()
        unroot.way.cache_clear()
    assert is_free(server.port)
