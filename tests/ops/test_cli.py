"""The command as a shell sees it: exit codes, and what it prints."""

import json
import subprocess
import sys
from pathlib import Path

from local.installation import NAMES
from ops.cli import _without_password


def _trefoil(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("trefoil")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_status_of_a_folder_that_was_never_started_names_every_part_as_down(tmp_path: Path) -> None:
    told = _trefoil("status", "--json", "--data", str(tmp_path / "none"))
    assert told.returncode == 0
    assert json.loads(told.stdout) == {"services": {name: {"up": False, "pid": None, "url": None} for name in NAMES}}
    assert _trefoil("status", "--check", "--data", str(tmp_path / "none")).returncode == 1
    assert not (tmp_path / "none").exists()


def test_down_without_anything_running_is_fine_and_makes_nothing(tmp_path: Path) -> None:
    assert _trefoil("down", "--data", str(tmp_path / "none")).returncode == 0
    assert not (tmp_path / "none").exists()


def test_another_clock_than_the_folder_s_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"clock": "simulated"}')
    told = _trefoil("up", "--clock", "real", "--data", str(tmp_path))
    assert told.returncode == 2
    assert "simulated" in told.stderr and "Traceback" not in told.stderr


def test_preparing_without_addresses_says_which_setting_is_missing(tmp_path: Path) -> None:
    told = _trefoil("prepare", "--data", str(tmp_path))
    assert told.returncode == 1
    assert "TREFOIL_POSTGRES_URL" in told.stderr


def test_logs_show_the_last_lines_of_one_part(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").write_text("one\ntwo\nthree\n")
    assert _trefoil("logs", "api", "-n", "2", "--data", str(tmp_path)).stdout == "two\nthree\n"


def test_people_do_not_see_passwords() -> None:
    assert _without_password("redis://:secret@127.0.0.1:6379/0") == "redis://@127.0.0.1:6379/0"
    assert _without_password("bolt://127.0.0.1:7687") == "bolt://127.0.0.1:7687"
