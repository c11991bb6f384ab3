"""Events from a topic of a real broker: order per key, restarts, partitions that change hands, dead letters.

All tests share the two topics, as they are: each looks at the events of its own brand and at letters of its own.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from core import limits
from core.errors import Refusal
from intake.dead_letters import LetterBox
from intake.kafka import DEAD, GROUP, TOPIC, KafkaLine
from intake.transport import Transport
from local.kafka import Kafka
from local.ports import free_port
from tests.intake.reading import logged, reading, until
from tests.platform import Running, Shop

PERSONAL = "13912345678"
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=utf-8")]


@pytest_asyncio.fixture
async def producer(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    """A shop that sends; up to the largest event there may be."""
    async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=4 * 1024 * 1024) as sends:
        yield sends


def topic(kafka: str, installation: Running, line: type[KafkaLine] = KafkaLine) -> Transport:
    """A worker's reader of the topic."""
    parts = installation.parts
    letter_box = LetterBox(parts.keyring)
    return Transport(line(kafka, letter_box), parts.postgres, parts.intake, letter_box)


async def put(producer: AIOKafkaProducer, shop: Shop, *events: dict[str, Any]) -> None:
    """Send events of a shop in structured mode, each with its subject as the key."""
    for event in events:
        raw = json.dumps({**event, "brand": shop.brand}).encode()
        key = event.get("subject", "nobody").encode()
        await producer.send_and_wait(TOPIC, raw, key=key, headers=STRUCTURED)


async def taken(kafka: str) -> None:
    """Wait until everything on the topic is committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    async with AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka) as looks:
        await admin.start()
        try:

            async def done() -> bool:
                ends = await looks.end_offsets(looks.assignment())
                try:
                    committed = await admin.list_consumer_group_offsets(GROUP)
                except KafkaError:  # a broker that has just come back looks for its groups
                    return False
                nothing = OffsetAndMetadata(0, "")
                return all(committed.get(one, nothing).offset >= end for one, end in ends.items())

            await until(done)
        finally:
            await admin.close()


async def letters_of(kafka: str, *positions: tuple[int, int]) -> list[Any]:
    """The records in the dead letters about those that stood at these partitions and offsets, in this order."""
    found: dict[tuple[int, int], Any] = {}
    async with AIOKafkaConsumer(DEAD, bootstrap_servers=kafka, auto_offset_reset="earliest") as looks:
        ends = await looks.end_offsets(looks.assignment())
        while any([await looks.position(one) < end for one, end in ends.items()]):
            for records in (await looks.getmany(timeout_ms=500)).values():
                for record in records:
                    if record.value is not None:
                        headers = dict(record.headers)
                        found[int(headers["origin_partition"]), int(headers["origin_offset"])] = record
    return [found[position] for position in positions]


def members(shop: Shop, count: int, events_each: int) -> list[dict[str, Any]]:
    """Events of several subjects in turn; the log must keep the order of each."""
    return [
        {**shop.events.registered(f"m{number}", entry_channel=str(turn)), "subject": f"m{number}"}
        for turn in range(events_each)
        for number in range(count)
    ]


async def each_in_order(shop: Shop, events: list[dict[str, Any]]) -> None:
    """The log holds these once, the events of each subject in the order they were sent."""
    found = await logged(shop)
    assert sorted(found) == sorted(event["id"] for event in events)
    for subject in {event["subject"] for event in events}:
        sent = [event["id"] for event in events if event["subject"] == subject]
        assert [one for one in found if one in set(sent)] == sent


# --- both modes ------------------------------------------------------------------------------------------------


async def test_both_modes_are_the_same_intake(
    installation: Running, kafka: str, producer: AIOKafkaProducer, shop: Shop
) -> None:
    first, second, third = ({**shop.events.registered(f"m{n}"), "subject": "s"} for n in range(3))
    attributes = [
        (f"ce_{name}", text.encode()) for name, text in {**second, "brand": shop.brand}.items() if name != "data"
    ]
    await put(producer, shop, first)
    data = json.dumps(second["data"]).encode()
    await producer.send_and_wait(TOPIC, data, key=b"s", headers=[*attributes, ("content-type", b"application/json")])
    bare = json.dumps({**third, "brand": shop.brand}).encode()
    await producer.send_and_wait(TOPIC, bare, key=b"s")
    async with reading(topic(kafka, installation)):
        await taken(kafka)
    assert await logged(shop) == [first["id"], second["id"], third["id"]]
    # what came by topic is known by HTTP
    assert [item["status"] for item in await shop.answers(first, second, third)] == ["duplicate"] * 3


async def test_the_order_of_each_key_is_kept_and_large_events_pass(
    installation: Running, kafka: str, producer: AIOKafkaProducer, shop: Shop
) -> None:
    events = members(shop, 8, 20)
    large = shop.events.paid("large", "m5", *[1] * limits.LINES_PER_ORDER_MAX)
    for line in large["data"]["lines"]:  # a megabyte and more
        line |= dict.fromkeys(("product_id", "category"), "品" * limits.ID_CHARS_MAX)
    events[5] = {**large, "subject": "m5"}
    await put(producer, shop, *events)
    async with reading(topic(kafka, installation)):
        await taken(kafka)
    await each_in_order(shop, events)


# --- restarts and changes of hands ---------------------------------------------------------------------------------


class Stops(KafkaLine):
    """A reader whose process ends between the log and the commit."""

    async def acknowledge(self, messages: Any) -> None:
        await asyncio.Event().wait()


async def test_a_restart_loses_nothing_and_repeats_are_known(
    installation: Running, kafka: str, producer: AIOKafkaProducer, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_READ_MAX", 7)
    events = members(shop, 3, 10)
    await put(producer, shop, *events)

    async def some_are_logged() -> bool:
        return len(await logged(shop)) > 0

    async with reading(topic(kafka, installation, Stops)):
        await until(some_are_logged)
    assert len(await logged(shop)) <= 7
    async with reading(topic(kafka, installation)):
        await taken(kafka)
    await each_in_order(shop, events)


class Counts(KafkaLine):
    """A reader that says what it holds and how much it read."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.count = 0

    @property
    def partitions(self) -> int:
        return len(self._consumer.assignment()) if self._consumer else 0

    async def read(self) -> Any:
        messages = await super().read()
        self.count += len(messages)
        return messages


async def test_partitions_change_hands_between_two_workers_without_loss_or_disorder(
    installation: Running, kafka: str, producer: AIOKafkaProducer, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_READ_MAX", 5)
    parts = installation.parts
    letter_box = LetterBox(parts.keyring)
    lines = [Counts(kafka, letter_box) for _ in range(2)]
    first, second = (Transport(line, parts.postgres, parts.intake, letter_box) for line in lines)
    events = members(shop, 12, 30)

    async def shared() -> bool:
        return min(line.partitions for line in lines) > 0

    async def send() -> None:
        for event in events:
            await put(producer, shop, event)

    async with reading(second):
        async with reading(first):
            await until(shared)
            sending = asyncio.create_task(send())

            async def both_have_read() -> bool:
                return min(line.count for line in lines) > 20

            await until(both_have_read)
        await sending
        await taken(kafka)
    await each_in_order(shop, events)


async def test_a_topic_repeated_from_its_beginning_changes_nothing(
    installation: Running, kafka: str, producer: AIOKafkaProducer, shop: Shop
) -> None:
    events = members(shop, 3, 5)
    await put(producer, shop, *events)
    async with reading(topic(kafka, installation)):
        await taken(kafka)
    before = await logged(shop)
    assert len(before) == 15
    async with AIOKafkaConsumer(bootstrap_servers=kafka, group_id=GROUP, enable_auto_commit=False) as resets:
        partitions = [TopicPartition(TOPIC, n) for n in await producer.partitions_for(TOPIC)]
        resets.assign(partitions)
        await resets.commit(dict.fromkeys(partitions, 0))
    last = {**shop.events.registered("last"), "subject": "m0"}
    await put(producer, shop, last)
    async with reading(topic(kafka, installation)):
        await taken(kafka)
    assert await logged(shop) == [*before, last["id"]]


# --- what cannot be taken ------------------------------------------------------------------------------------------


async def test_poison_is_buried_with_its_origin_and_blocks_nothing(
    installation: Running, kafka: str, producer: AIOKafkaProducer, shop: Shop
) -> None:
    good = {**shop.events.registered("m"), "subject": "m"}
    event = {**shop.events.identified("m", phone=PERSONAL), "brand": shop.brand}
    wrong = json.dumps({**event, "time": "2026"}).encode()
    binary = [("ce_id", b"b"), ("ce_brand", shop.brand.encode()), ("ce_nick", PERSONAL.encode())]
    cases: list[tuple[bytes | None, list[tuple[str, bytes]], str]] = [
        (b"not json", STRUCTURED, "bad_json"),
        (None, STRUCTURED, "bad_json"),
        (wrong, STRUCTURED, "bad_time"),
        (json.dumps(event | {"brand": "nobody"}).encode(), [], "unknown_brand"),
        (json.dumps(event["data"]).encode(), binary, "missing_field"),
        (PERSONAL.encode("utf-16"), binary, "bad_encoding"),
        (json.dumps(event).encode(), [("content-type", b"application/cloudevents+avro")], "bad_content_type"),
        (json.dumps(event).encode(), [("ce_id", b"1"), ("ce_id", PERSONAL.encode())], "bad_json"),
        (b"{}", [("ce_id", b"\xff")], "bad_encoding"),
    ]
    sent = [
        await producer.send_and_wait(TOPIC, value, key=PERSONAL.encode(), headers=headers, partition=0)
        for value, headers, _ in cases
    ]
    await put(producer, shop, good)
    async with reading(topic(kafka, installation)):
        await taken(kafka)
    assert await logged(shop) == [good["id"]]
    letters = await letters_of(kafka, *((one.partition, one.offset) for one in sent))
    for letter, (_, _, code) in zip(letters, cases, strict=True):
        headers = dict(letter.headers)
        assert (headers["problem_code"].decode(), headers["origin_topic"].decode()) == (code, TOPIC)
        assert json.loads(headers["problem"])["code"] == code
        everything = b"".join([letter.key, letter.value, *headers.values()])
        assert PERSONAL.encode() not in everything
        assert PERSONAL.encode("utf-16-le") not in everything
    assert letters[0].value == b""
    assert json.loads(letters[2].value)["id"] == event["id"]


async def test_a_letter_is_listed_with_its_origin_and_played_again_as_it_came(
    installation: Running, kafka: str, producer: AIOKafkaProducer, shop: Shop
) -> None:
    transport = topic(kafka, installation)
    event = {**shop.events.identified("m", phone=PERSONAL), "brand": shop.brand, "subject": "m", "time": "2026"}
    value = json.dumps(event, indent=2).encode()
    headers = [("content-type", b"application/cloudevents+json"), ("trace", b"\xff\x00"), ("trace", b"again")]
    sent = await producer.send_and_wait(TOPIC, value, key=b"m", headers=headers)
    async with reading(transport):
        await taken(kafka)
    (letter,) = [one for one in await transport.letters(200) if one.origin.endswith(f"{sent.partition}@{sent.offset}")]
    assert (letter.origin, letter.problem["code"]) == (f"{TOPIC} {sent.partition}@{sent.offset}", "bad_encoding")
    assert await transport.replay(letter.number)
    assert not await transport.replay(letter.number)
    assert letter.number not in [one.number for one in await transport.letters(200)]
    async with AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest") as looks:
        looks.assign([TopicPartition(TOPIC, sent.partition)])
        looks.seek(TopicPartition(TOPIC, sent.partition), sent.offset)
        given, back = [await looks.getone() for _ in range(2)]
    assert (back.key, back.value, list(back.headers)) == (given.key, given.value, list(given.headers))
    for nobodys in ("0@999999", "99@0", "1-1", "none"):
        assert not await transport.replay(nobodys)


# --- outages -------------------------------------------------------------------------------------------------------


async def test_postgres_away_is_waited_out_without_leaving_the_group(
    installation: Running, kafka: str, producer: AIOKafkaProducer, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = members(shop, 2, 5)
    await put(producer, shop, *events)
    intake = installation.parts.intake
    whole = intake.take
    refused: list[Any] = []

    async def take(*args: Any) -> Any:
        if len(refused) < 3:
            refused.append(args)
            raise Refusal(503, "postgres_unavailable", "away")
        return await whole(*args)

    monkeypatch.setattr(limits, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(intake, "take", take)
    async with reading(topic(kafka, installation)):
        await taken(kafka)
    assert len(refused) == 3
    await each_in_order(shop, events)


async def test_a_broker_that_is_away_is_waited_for(installation: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task goes on; what looks at the dead letters says what is away."""
    monkeypatch.setattr(limits, "POLL_SECONDS", 0.01)
    tried: list[int] = []

    class Tries(KafkaLine):
        def reading(self) -> Any:
            tried.append(1)
            return super().reading()

    transport = topic(f"127.0.0.1:{free_port()}", installation, Tries)

    async def tried_often() -> bool:
        return len(tried) > 3

    async with reading(transport):
        await until(tried_often)
    with pytest.raises(Refusal) as refused:
        await transport.letters(10)
    assert refused.value.code == "kafka_unavailable"


async def test_a_broker_that_dies_is_noticed_and_gone_on_with_when_it_is_back(
    installation: Running, shop: Shop, tmp_path: Path
) -> None:
    """On a broker of its own, idle when it is killed: nobody but the reader's own question finds out."""
    joined: list[int] = []

    class Joins(KafkaLine):
        def reading(self) -> Any:
            joined.append(1)
            return super().reading()

    broker = Kafka(tmp_path, free_port(), free_port())
    await asyncio.to_thread(_begin, broker)
    try:
        events = members(shop, 2, 2)
        async with reading(topic(broker.url, installation, Joins)):
            async with AIOKafkaProducer(bootstrap_servers=broker.url) as sends:
                await put(sends, shop, *events[:2])
                await taken(broker.url)
            broker.process.stop(signal.SIGKILL)

            async def noticed() -> bool:
                return len(joined) > 1

            await until(noticed)
            await asyncio.to_thread(_begin, broker)
            async with AIOKafkaProducer(bootstrap_servers=broker.url) as sends:
                await put(sends, shop, *events[2:])
                await taken(broker.url)
        await each_in_order(shop, events)
    finally:
        await asyncio.to_thread(broker.stop)


def _begin(broker: Kafka) -> None:
    broker.prepare()
    broker.start()
    broker.ready(limits.SERVICE_READY_SECONDS_MAX)
