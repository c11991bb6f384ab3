"""What a data folder remembers: what was chosen, files as every version reads them, one command at a time."""

import json
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from core.settings import Settings, WrongSetting, named_in_environment, read_settings
from local import CannotStart
from local.folder import ClockChosen, Folder


def _quiet(_name: str, _what: str) -> None: ...


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TREFOIL_{name.upper()}", raising=False)
    return Folder(tmp_path)


def test_every_setting_says_what_it_means() -> None:
    assert not [name for name, field in Settings.model_fields.items() if not field.description]


def test_the_environment_names_settings_and_the_folder_remembers_them(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREFOIL_REDIS_URL", "redis://ours:6379/0")
    monkeypatch.setenv("TREFOIL_DATA", "elsewhere")  # of a command, not a setting
    assert named_in_environment() == {"redis_url": "redis://ours:6379/0"}
    folder.choose("simulated")
    monkeypatch.setenv("TREFOIL_REDIS_URL", "redis://other:6379/0")
    monkeypatch.setenv("TREFOIL_API_URL", "http://api:8080")
    assert folder.settings().redis_url == "redis://ours:6379/0"  # only a start asks the environment
    folder.choose(None)
    monkeypatch.delenv("TREFOIL_REDIS_URL")
    assert folder.choose(None) == Settings(
        clock="simulated", redis_url="redis://other:6379/0", api_url="http://api:8080"
    )
    assert json.loads((folder.path / "settings.json").read_text()) == {
        "clock": "simulated",
        "kafka": False,
        "redis_url": "redis://other:6379/0",
        "neo4j_user": "neo4j",
        "neo4j_password": "",
        "api_url": "http://api:8080",
    }


def test_the_clock_may_be_named_in_the_environment_and_the_command_has_the_last_word(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREFOIL_CLOCK", "simulated")
    assert folder.choose("real").clock == "real"
    with pytest.raises(ClockChosen, match="real clock since"):
        folder.choose(None)
    monkeypatch.setenv("TREFOIL_CLOCK", "broken")
    with pytest.raises(WrongSetting, match="TREFOIL_CLOCK"):
        folder.choose(None)


def test_a_process_reads_addresses_keys_and_what_was_chosen(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.choose("simulated")
    stores = {name: {"url": f"{name}://there", "pid": 1} for name in ("postgres", "redis", "neo4j")}
    stores["neo4j"] |= {"user": "neo4j", "password": "secret"}
    folder.write_services(stores | {"api": {"url": "http://api:8080", "pid": None}, "worker": {"pid": None}})
    monkeypatch.setenv("TREFOIL_REDIS_URL", "redis://elsewhere")  # the files are the truth of a running installation
    read = read_settings(folder.path)
    assert (read.clock, read.redis_url, read.neo4j_password) == ("simulated", "redis://there", "secret")
    assert (read.api_url, read.data, len(read.master_key)) == ("http://api:8080", folder.path, 32)


def test_ports_and_passwords_are_made_once(folder: Folder) -> None:
    made = folder.complete_state(["redis"], ["api"])
    assert folder.complete_state(["redis"], ["api"]) == made == folder.state()
    assert set(json.loads((folder.path / "state.json").read_text())) == {"ports", "passwords"}
    assert (set(made.ports), set(made.passwords)) == ({"redis", "api"}, {"redis"})


def test_a_second_command_says_that_it_waits_and_goes_on_when_the_first_is_done(folder: Folder) -> None:
    told: list[str] = []
    waits = threading.Event()

    def tell(name: str, what: str) -> None:
        told.append(f"{name} {what}")
        waits.set()

    def second() -> None:
        with folder.alone(tell):
            told.append("works")

    with folder.alone(_quiet):
        other = threading.Thread(target=second)
        other.start()
        assert waits.wait(10)
        assert told == ["lock waits for another command on this folder"]
    other.join(10)
    assert told[1:] == ["works"]


def test_a_command_that_never_ends_is_named(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.folder.UP_LOCK_SECONDS_MAX", 0.1)
    with FileLock(folder.path / "lock"), pytest.raises(CannotStart, match="too long"), folder.alone(_quiet):
        pass
