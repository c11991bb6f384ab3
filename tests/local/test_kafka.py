"""The embedded broker as part of an installation: asked for once, remembered, killed, started again, stopped."""

import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from core.settings import read_settings
from local.folder import Folder
from local.installation import Installation
from local.kafka import Kafka
from local.ports import answers, free_port, is_free
from local.stores import STORES


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other stores are given by address, so that only Kafka starts."""
    for store in STORES:
        monkeypatch.setenv(f"TREFOIL_{store.upper()}_URL", f"{store}://elsewhere")


async def _send(address: str, text: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as sends:
        await sends.send_and_wait("kept", text)


async def _read(address: str) -> bytes | None:
    async with AIOKafkaConsumer("kept", bootstrap_servers=address, auto_offset_reset="earliest") as reads:
        found: bytes | None = (await reads.getone()).value
        return found


@pytest.mark.usefixtures("elsewhere")
async def test_a_folder_remembers_its_kafka_and_a_killed_one_comes_back_with_its_records(tmp_path: Path) -> None:
    installed = Installation(tmp_path / "data", program=())
    try:
        first = installed.start_stores(kafka=True)["kafka"]
        await _send(first["url"], b"before")
        status = installed.status()["kafka"]
        assert (status.up, status.pid, status.url) == (True, first["pid"], first["url"])
        assert json.loads((installed.data / "services.json").read_text())["kafka"] == first
        os.kill(first["pid"], signal.SIGKILL)
        psutil.wait_procs([psutil.Process(first["pid"])], timeout=10)
        again = installed.start_stores()["kafka"]  # the folder remembers
        assert again["url"] == first["url"]
        assert again["pid"] != first["pid"]
        assert await _read(again["url"]) == b"before"
    finally:
        installed.down()
    assert not installed.status()["kafka"].up
    assert is_free(int(again["url"].partition(":")[2]))


@pytest.mark.usefixtures("elsewhere")
def test_a_kafka_of_your_own_replaces_the_embedded_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREFOIL_KAFKA_BOOTSTRAP", "k1:9092,k2:9092")
    installed = Installation(tmp_path / "data", program=())
    assert installed.start_stores(kafka=True)["kafka"] == {"url": "k1:9092,k2:9092", "pid": None}
    assert read_settings(installed.data).kafka_bootstrap == "k1:9092,k2:9092"
    assert not (installed.data / "kafka").exists()


@pytest.mark.usefixtures("elsewhere")
def test_without_being_asked_there_is_no_kafka(tmp_path: Path) -> None:
    installed = Installation(tmp_path / "data", program=())
    assert "kafka" not in installed.start_stores()
    assert "kafka" not in installed.status()
    assert read_settings(installed.data).kafka_bootstrap is None
    assert not set(Folder(installed.data).state().ports) & {"kafka", "kafka_controller"}


def test_it_listens_on_loopback_alone_and_starts_after_a_format_that_was_cut_off(tmp_path: Path) -> None:
    broker = Kafka(tmp_path, free_port(), free_port())
    broker.prepare()
    (tmp_path / "kafka" / "data" / "meta.properties").unlink()
    broker.prepare()
    broker.start()
    try:
        broker.ready(60)
        pid = broker.process.pid()
        listening = Path(f"/proc/{pid}/net/tcp").read_text() + Path(f"/proc/{pid}/net/tcp6").read_text()
        ours = [line.split()[1] for line in listening.splitlines() if f":{broker.port:04X} " in line]
        assert ours and all(address.startswith(("0100007F:", "0000000000000000FFFF00000100007F:")) for address in ours)
        assert answers(broker.controller_port)
    finally:
        broker.stop()
