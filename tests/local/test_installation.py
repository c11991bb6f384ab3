"""The stores of an installation, started, killed, started again, side by side, and stopped."""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.folder import ClockChosen
from local.installation import NAMES, Installation
from local.ports import is_free
from local.stores import STORES


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    running = _stores_of(tmp_path_factory.mktemp("one") / "data")
    running.start_stores()
    yield running
    running.down()


def _stores_of(data: Path) -> Installation:
    """An installation of which only the stores are ever started."""
    return Installation(data, program=())


def _kill(installed: Installation, name: str) -> int:
    pid = installed.status()[name].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while installed.status()[name].pid:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return pid


def _services(installed: Installation) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((installed.data / "services.json").read_text())
    return content


def _processes_of(data: Path) -> list[str]:
    """Command lines and working folders of all processes that have to do with a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found.append(" ".join([*process.cmdline(), process.cwd()]))
    return [text for text in found if str(data) in text]


def test_a_start_leaves_what_the_contract_names(installed: Installation) -> None:
    services = _services(installed)
    assert set(services) == set(NAMES)
    assert {*services["neo4j"]} == {"url", "user", "password", "pid"}
    assert services["postgres"]["url"].startswith("postgresql://trefoil:")
    for name in ("services.json", "state.json", "master.key", "settings.json"):
        assert (installed.data / name).stat().st_mode & 0o077 == 0, name
    status = installed.status()
    assert [name for name in NAMES if status[name].up] == list(STORES)
    assert len(bytes.fromhex((installed.data / "master.key").read_text())) == 32


def test_killed_stores_are_named_and_come_back_where_they_were(installed: Installation) -> None:
    before = _services(installed)
    for killed in (("redis",), ("postgres", "neo4j")):
        pids = {name: installed.status()[name].pid for name in STORES}
        for name in killed:
            _kill(installed, name)
        assert [name for name in STORES if not installed.status()[name].up] == [
            name for name in STORES if name in killed
        ]
        installed.start_stores()
        status = installed.status()
        assert all(status[name].up for name in STORES)
        assert {name for name in STORES if status[name].pid != pids[name]} == set(killed)
    after = _services(installed)
    assert [after[name]["url"] for name in STORES] == [before[name]["url"] for name in STORES]
    assert after["neo4j"]["password"] == before["neo4j"]["password"]


def test_stores_without_a_record_are_replaced_not_doubled(installed: Installation) -> None:
    pids = {name: installed.status()[name].pid for name in ("postgres", "redis")}
    for name in pids:
        (installed.data / "run" / f"{name}.json").unlink()
    installed.start_stores()
    for name, pid in pids.items():
        assert pid is not None
        assert installed.status()[name].up
        assert installed.status()[name].pid != pid
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_taken_port_is_left_to_whoever_took_it(installed: Installation) -> None:
    _kill(installed, "redis")
    before = _services(installed)["redis"]["url"]
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", int(before.rpartition(":")[2].split("/")[0])))
        taker.listen()
        installed.start_stores()
        assert _services(installed)["redis"]["url"] != before
        assert installed.status()["redis"].up


def test_two_folders_run_side_by_side_and_going_down_leaves_nothing(installed: Installation, tmp_path: Path) -> None:
    other = _stores_of(tmp_path / "two")
    try:
        theirs = other.start_stores()
        ours = _services(installed)
        assert all(theirs[name]["url"] != ours[name]["url"] for name in STORES)
        assert all(installed.status()[name].up and other.status()[name].up for name in STORES)
    finally:
        other.down()
    assert _processes_of(other.data) == []
    assert all(is_free(int(theirs[name]["url"].rpartition(":")[2].split("/")[0])) for name in STORES)
    assert not any(status.up or status.pid for status in other.status().values())
    other.down()
    assert all(installed.status()[name].up for name in STORES)


def test_a_store_given_by_address_replaces_the_embedded_one(
    installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = _services(installed)
    for name in STORES:
        monkeypatch.setenv(f"TREFOIL_{name.upper()}_URL", ours[name]["url"])
    monkeypatch.setenv("TREFOIL_NEO4J_PASSWORD", ours["neo4j"]["password"])
    other = _stores_of(tmp_path / "by-address")
    other.start_stores()
    for name in STORES:
        monkeypatch.delenv(f"TREFOIL_{name.upper()}_URL")
    theirs = other.start_stores()  # the folder remembers
    assert [theirs[name]["url"] for name in STORES] == [ours[name]["url"] for name in STORES]
    assert theirs["neo4j"]["password"] == ours["neo4j"]["password"]
    assert [theirs[name]["pid"] for name in STORES] == [None, None, None]
    assert all(other.status()[name].up for name in STORES)
    other.down()
    assert all(installed.status()[name].up for name in STORES)


def test_a_folder_keeps_its_clock(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"clock": "simulated"}')
    with pytest.raises(ClockChosen, match="simulated"):
        _stores_of(tmp_path).up("real")
