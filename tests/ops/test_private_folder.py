"""Nobody but its owner sees anything in an installation's folder, whatever the rights were that it was made under."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.private_files import keep_private

TREFOIL = str(Path(sys.executable).with_name("trefoil"))


def seen_by_others(data: Path) -> list[str]:
    """What in a folder has any right of group or others; links have none of their own."""
    found = [data, *data.rglob("*")]
    return [f"{path} {stat.filemode(path.lstat().st_mode)}" for path in found if _open_to_others(path)]


def _open_to_others(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:  # a running server deleted it
        return False
    return not stat.S_ISLNK(mode) and mode & 0o077 != 0


@pytest.fixture
def no_mask() -> Iterator[None]:
    """A shell that gives everybody every right."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_mask")
def test_after_a_start_everything_is_the_owner_s_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "logs").mkdir(parents=True)
    (data / "logs" / "api.log").write_text("of an earlier version\n")
    (data / "demo-labels.jsonl").write_text("{}\n")
    data.chmod(0o777)
    try:
        subprocess.run([TREFOIL, "up", "--kafka", "--data", str(data)], check=True, timeout=300, capture_output=True)
        assert seen_by_others(data) == []
        (data / "credentials.json").chmod(0o644)
        (data / "redis").chmod(0o755)
        (data / "neo4j" / "data").chmod(0o775)
        subprocess.run([TREFOIL, "up", "--data", str(data)], check=True, timeout=300, capture_output=True)
        assert seen_by_others(data) == []
    finally:
        subprocess.run([TREFOIL, "down", "--data", str(data)], check=True, timeout=120, capture_output=True)
    assert seen_by_others(data) == []


@pytest.mark.usefixtures("no_mask")
def test_what_is_not_the_platform_s_keeps_its_rights(tmp_path: Path) -> None:
    """A report of an import lies where the caller wants it, with the caller's rights."""
    mine, ours = tmp_path / "import-report.csv", tmp_path / "logs"
    mine.write_text("row\n")
    ours.mkdir()
    (ours / "link").symlink_to(mine)
    mode = mine.stat().st_mode
    subprocess.run([TREFOIL, "down", "--data", str(tmp_path)], check=True, timeout=120, capture_output=True)
    assert mine.stat().st_mode == mode
    assert stat.S_IMODE(ours.stat().st_mode) == 0o700


def test_what_vanishes_meanwhile_is_passed_over(tmp_path: Path) -> None:
    keep_private([tmp_path / "gone"])
