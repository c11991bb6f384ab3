"""A recorded process is recognised as long as it runs, and nobody else is ever taken for it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local.process import Detached, kill_working_in


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Detached]:
    process = Detached("part", tmp_path)
    process.start(["sleep", "60"], folder=tmp_path)
    yield process
    process.stop()


def _pid(process: Detached) -> int:
    pid = process.pid()
    assert pid is not None
    return pid


def test_a_recorded_id_that_another_process_took_is_neither_trusted_nor_killed(sleeper: Detached) -> None:
    pid = _pid(sleeper)
    record = json.loads(sleeper.record.read_text())
    boot, ticks = record["started"].split(":")
    for other in (f"another boot:{ticks}", f"{boot}:{int(ticks) + 1}", None, 1.0):
        sleeper.record.write_text(json.dumps(record | {"started": other}))
        assert sleeper.pid() is None
        sleeper.stop()
        assert psutil.pid_exists(pid)
    sleeper.record.write_text(json.dumps(record))
    sleeper.stop()
    assert sleeper.pid() is None
    assert not psutil.pid_exists(pid)


def test_the_record_says_what_the_machine_says(sleeper: Detached) -> None:
    """The boot and the tick of the kernel itself, so that a record outlives versions and set clocks."""
    fields = Path(f"/proc/{_pid(sleeper)}/stat").read_text().rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert json.loads(sleeper.record.read_text())["started"] == f"{boot}:{fields[19]}"


def test_a_process_is_recognised_after_the_clock_of_the_machine_was_set(
    sleeper: Detached, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = _pid(sleeper)
    told, booted = psutil.Process.create_time, psutil.boot_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: told(self) + 3_600)
    monkeypatch.setattr(psutil, "boot_time", lambda: booted() + 3_600)
    assert sleeper.pid() == pid


def test_a_killed_process_that_nobody_reaps_does_not_run(tmp_path: Path) -> None:
    code = "import os, subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        process = Detached("part", tmp_path)
        process.record.parent.mkdir()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        process.record.write_text(json.dumps({"pid": pid, "started": f"{boot}:{fields[19]}"}))
        assert process.pid() == pid
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while process.pid() is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        parent.kill()


def test_only_that_program_in_that_folder_is_killed(sleeper: Detached, tmp_path: Path) -> None:
    pid = _pid(sleeper)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    program = Path(psutil.Process(pid).exe()).name
    kill_working_in(elsewhere, program)
    kill_working_in(tmp_path, "postgres")
    assert sleeper.pid() == pid
    kill_working_in(tmp_path, program)
    deadline = time.monotonic() + 10
    while sleeper.pid() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
