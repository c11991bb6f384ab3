"""What a person got wrong is said in one line, with exit code 2 and without a traceback."""

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import WrongSetting, data_folder
from local import CannotStart
from local.folder import Folder, WrongFolder
from local.installation import Installation

COMMANDS = (
    ["up"],
    ["up", "--empty"],
    ["prepare"],
    ["down"],
    ["status"],
    ["logs"],
    ["brand", "add", "tea"],
    ["log", "verify"],
    ["dead-letters", "list"],
    ["demo"],
    ["import", "orders.csv"],
)


def _wrong(arguments: list[str], data: Path | str, cwd: Path | None = None, /, **environment: str) -> str:
    """The one line that a wrong call is answered with."""
    told = subprocess.run(
        [str(Path(sys.executable).with_name("trefoil")), *arguments, "--data", str(data)],
        cwd=cwd,  # an import writes its report where it is called
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert told.returncode == 2, (arguments, told.stdout, told.stderr)
    (line,) = told.stderr.splitlines()
    assert "Traceback" not in told.stdout
    return line


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_where_the_folder_should_be(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    assert f"{file} is not a folder" in _wrong(command, file)
    assert file.read_text() == "not a folder"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Not a directory" in _wrong(["up"], tmp_path / "file" / "data")
    assert "cannot be made" in _wrong(["up"], "/proc/trefoil")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_folder_without_room_or_rights(code: int, tmp_path: Path) -> None:
    with pytest.raises(WrongFolder, match=os.strerror(code)), Folder(tmp_path).alone(lambda *_: None):
        raise OSError(code, os.strerror(code), str(tmp_path / "settings.json"))


def test_what_is_not_the_folder_s_fault_is_not_said_of_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), Folder(tmp_path).alone(lambda *_: None):
        raise FileNotFoundError(errno.ENOENT, "no such program", "java")


def test_a_home_is_written_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder(Path("~/shop")) == tmp_path / "shop"
    assert data_folder(Path("shop")) == Path("shop")
    with pytest.raises(WrongSetting, match="home"):
        data_folder(Path("~nobody-of-this-name/shop"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_BOOTSTRAP", "broker"),
        ("KAFKA_BOOTSTRAP", "broker:"),
        ("KAFKA_BOOTSTRAP", "broker:9092,other"),
        ("KAFKA_BOOTSTRAP", "broker:0"),
        ("KAFKA_BOOTSTRAP", "broker:99999"),
        ("POSTGRES_URL", "localhost:5432"),
        ("POSTGRES_URL", "mysql://localhost"),
        ("REDIS_URL", "redis"),
        ("NEO4J_URL", "http://localhost:7687"),
        ("API_URL", "127.0.0.1:8000"),
        ("API_URL", "http://127.0.0.1:eight"),
        ("API_URL", "http://127.0.0.1:99999"),
        ("CLOCK", "sundial"),
        ("KAFKA", "perhaps"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, tmp_path: Path) -> None:
    assert f"TREFOIL_{variable}: " in _wrong(["up"], tmp_path / "data", **{f"TREFOIL_{variable}": value})


@pytest.mark.parametrize("file", ["settings.json", "state.json", "services.json", "credentials.json", "master.key"])
@pytest.mark.parametrize("content", ["{", "[]", '{"ports": 1, "brands": 1, "clock": 1, "postgres": 1}', "\ufeff", "\\"])
def test_a_broken_file_is_named_and_left(file: str, content: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(content)
    if file == "services.json" and content.startswith('{"'):
        (tmp_path / file).write_text('"text"')
    before = (tmp_path / file).read_bytes()
    assert f"{tmp_path / file} is broken" in _wrong(["up"], tmp_path)
    assert (tmp_path / file).read_bytes() == before


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    installed = Installation(tmp_path, program=())
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        line = _wrong(["up"], tmp_path, TREFOIL_API_URL=url)
    assert "TREFOIL_API_URL: port" in line and "in use" in line
    assert not any(part.up for part in installed.status().values())


def test_a_brand_that_is_none(tmp_path: Path) -> None:
    assert "a brand's name" in _wrong(["brand", "add", "Tea & Co"], tmp_path)
    content = {"base_url": "http://127.0.0.1:1", "brands": {"demo": {"keys": {}}}}
    (tmp_path / "credentials.json").write_text(json.dumps(content))
    assert "trefoil brand add tea" in _wrong(["demo", "--brand", "tea"], tmp_path, tmp_path)
    (tmp_path / "orders.jsonl").write_text("{}\n")
    assert "trefoil brand add tea" in _wrong(
        ["import", str(tmp_path / "orders.jsonl"), "--brand", "tea"], tmp_path, tmp_path
    )


@pytest.mark.parametrize(
    "content", ["{", "[]", "1", '{"base_url": 1, "brands": {"demo": {"keys": {}}}}', '{"base_url": "x"}']
)
def test_credentials_that_are_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text(content)
    assert "credentials.json" in _wrong(["demo"], tmp_path)
    assert "credentials.json" in _wrong(["brand", "add", "tea"], tmp_path)


def test_a_second_start_waits_for_the_first_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.folder.UP_LOCK_SECONDS_MAX", 0.1)
    said: list[str] = []
    with (
        Folder(tmp_path).alone(lambda *_: None),
        pytest.raises(CannotStart, match="another command"),
        Folder(tmp_path).alone(lambda _, what: said.append(what)),
    ):
        raise AssertionError("both work on it")
    assert said == ["waits for another command on this folder"]
