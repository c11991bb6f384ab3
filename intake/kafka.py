"""Events from a Kafka topic, in the order of each partition: the key of a record is its subject.

Consumer group ``trefoil-intake`` over ``trefoil.events``; letters go to ``trefoil.events.dead``. Records are
CloudEvents in the two modes of their Kafka binding: the header ``content-type`` says whether the value is the whole
event (structured) or its data, with the attributes in headers ``ce_…`` (binary). What has neither is a whole event.

Offsets are committed after the events are in the log. Every reader goes on from what is committed, without a gap, and
the log keeps the first of two equal events: so however often a partition changes hands, and whatever a reader that has
lost it still finishes, the log has its events once and in their order.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, UnknownTopicOrPartitionError

from core import limits
from core.canonical import canonical
from core.errors import Refusal, unavailable
from core.telemetry import told
from intake.dead_letters import DeadLetter, Letter, LetterBox
from intake.message import Message, Parts

TOPIC: Final = "trefoil.events"
DEAD: Final = "trefoil.events.dead"
GROUP: Final = "trefoil-intake"

_AWAY: Final = (KafkaError, OSError, TimeoutError)
_NUMBER: Final = re.compile(r"(\d{1,9})@(\d{1,18})")
_WAIT_MS: Final = 1_000
_RETRY_MS: Final = 500
_ANSWER_MS: Final = int(limits.KAFKA_ANSWER_SECONDS_MAX * 1_000)
_JSON: Final = re.compile(r"(application/|text/|[\w.+-]+/[\w.+-]+\+)json")

_logger = structlog.get_logger()
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it repeats at each try what a transport says once


class KafkaLine:
    """The topic of one Kafka; several workers share its partitions."""

    name: Final = "kafka"
    away: Final = _AWAY

    def __init__(self, bootstrap: str, letter_box: LetterBox) -> None:
        self._bootstrap = bootstrap
        self._letter_box = letter_box
        self._consumer: AIOKafkaConsumer | None = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Join the group, and leave it at the end."""
        turnover = _Turnover()
        consumer = self._new_consumer(
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=int(limits.KAFKA_MEMBER_SECONDS_MAX * 1_000),
            heartbeat_interval_ms=int(limits.KAFKA_MEMBER_SECONDS_MAX * 1_000 / 3),
            fetch_max_bytes=limits.KAFKA_FETCH_BYTES_MAX,
            max_partition_fetch_bytes=limits.KAFKA_PARTITION_BYTES_MAX,
        )
        consumer.subscribe([TOPIC], listener=turnover)
        async with _started(consumer):
            self._consumer, self._turnover = consumer, turnover
            yield

    async def read(self) -> list[Message]:
        """The next records, in order within each partition; an idle topic is asked whether its broker still answers."""
        assert self._consumer is not None  # reading() is entered first
        self._turnover.nothing_in_hand.set()
        found = await self._consumer.getmany(timeout_ms=_WAIT_MS, max_records=limits.STREAM_READ_MAX)
        messages = [_message(record) for records in found.values() for record in records]
        if messages:
            self._turnover.nothing_in_hand.clear()
        else:
            await self._ask_whether_it_answers(self._consumer)
        return messages

    async def bury(self, letters: Sequence[Letter]) -> None:
        """Produce letters, acknowledged by all replicas; the key is where the record stood."""
        async with self._producing() as producer:
            for letter in letters:
                headers = [
                    ("problem_code", str(letter.problem["code"]).encode()),
                    ("problem", canonical(letter.problem)),
                    *((name, text.encode()) for name, text in letter.origin.items()),
                    ("sealed_by", letter.sealed_by.encode()),
                    ("original", letter.original),
                ]
                await producer.send_and_wait(DEAD, letter.event, key=letter.position.encode(), headers=headers)

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Commit the offsets behind these. Where a partition has a new reader, that one will repeat them."""
        assert self._consumer is not None  # reading() is entered first
        offsets: dict[TopicPartition, int] = {}
        for message in messages:
            partition = TopicPartition(TOPIC, int(message.origin["origin_partition"]))
            offsets[partition] = int(message.origin["origin_offset"]) + 1
        mine = self._consumer.assignment()
        try:
            if kept := {partition: offset for partition, offset in offsets.items() if partition in mine}:
                await self._consumer.commit(kept)
        except (CommitFailedError, IllegalStateError) as error:
            _logger.info("partitions moved on", transport=self.name, **told(error))

    async def letters(self, count: int) -> list[DeadLetter]:
        """The latest letters, newest first; those that were replayed are gone."""
        try:
            async with self._looking_at_dead() as (consumer, ends):
                found: dict[bytes, ConsumerRecord[bytes, bytes]] = {}
                async for record in _records(consumer, ends):
                    if record.value is None:
                        found.pop(record.key or b"", None)
                    else:
                        found[record.key or b""] = record
        except _AWAY as error:
            raise unavailable("kafka") from error
        latest = sorted(found.values(), key=lambda record: (record.timestamp, record.offset), reverse=True)
        return [_listed(record) for record in latest[:count]]

    async def replay(self, number: str) -> bool:
        """Produce a letter's record again where it came from, then mark the letter as replayed."""
        match = _NUMBER.fullmatch(number)
        if match is None:
            return False
        partition, offset = int(match[1]), int(match[2])
        try:
            letter = await self._letter(partition, offset)
            if letter is None:
                return False
            headers = dict(letter.headers)
            parts = await self._letter_box.open(headers["sealed_by"].decode(), headers["original"])
            (_, key), (_, value), *given = parts
            async with self._producing() as producer:
                await producer.send_and_wait(
                    TOPIC,
                    value,
                    key=key,
                    partition=int(headers["origin_partition"]),
                    headers=[(name.decode(), text) for name, text in given],
                )
                await producer.send_and_wait(DEAD, None, key=letter.key, partition=partition)
        except _AWAY as error:
            raise unavailable("kafka") from error
        return True

    async def _letter(self, partition: int, offset: int) -> ConsumerRecord[bytes, bytes] | None:
        """The letter that stands there, unless a later mark says that it was replayed."""
        letter = None
        async with self._looking_at_dead(partition, offset) as (consumer, ends):
            async for record in _records(consumer, ends):
                if record.offset == offset and record.value is not None:
                    letter = record
                elif letter is not None and record.key == letter.key and record.value is None:
                    return None
        return letter

    async def _ask_whether_it_answers(self, consumer: AIOKafkaConsumer) -> None:
        """An idle consumer tries again for ever and tells nobody; without partitions it may also just wait for some."""
        async with asyncio.timeout(limits.KAFKA_SILENCE_SECONDS_MAX):
            if assigned := consumer.assignment():
                await consumer.end_offsets(assigned)
            else:
                await consumer.topics()

    def _new_consumer(self, *topics: str, **chosen: Any) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            *topics,
            bootstrap_servers=self._bootstrap,
            request_timeout_ms=_ANSWER_MS,
            retry_backoff_ms=_RETRY_MS,
            **chosen,
        )

    @asynccontextmanager
    async def _producing(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=_ANSWER_MS,
            retry_backoff_ms=_RETRY_MS,
            max_request_size=limits.KAFKA_LETTER_BYTES_MAX,
        )
        async with _started(producer):
            yield producer

    @asynccontextmanager
    async def _looking_at_dead(
        self, partition: int | None = None, offset: int = 0
    ) -> AsyncIterator[tuple[AIOKafkaConsumer, dict[TopicPartition, int]]]:
        """A reader of the dead letters, of one partition or of all, and where each one ends."""
        consumer = self._new_consumer(DEAD, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            await consumer.start()
            wanted = [one for one in consumer.assignment() if partition in (None, one.partition)]
            begins, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
            for one in wanted:
                first = ends[one] - limits.DEAD_LETTERS_SCANNED_MAX if partition is None else offset
                consumer.seek(one, max(begins[one], first))
            if partition is not None:
                ends = {one: min(end, offset + limits.DEAD_LETTERS_SCANNED_MAX) for one, end in ends.items()}
        except UnknownTopicOrPartitionError:
            ends = {}  # nothing was ever buried
        except BaseException:
            await _stop(consumer)
            raise
        try:
            yield consumer, ends
        finally:
            await _stop(consumer)


class _Turnover(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Partitions are given back when what was read of them is done, or after a while unfinished: then it repeats."""

    def __init__(self) -> None:
        self.nothing_in_hand = asyncio.Event()
        self.nothing_in_hand.set()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        try:
            async with asyncio.timeout(limits.KAFKA_REVOKE_SECONDS_MAX):
                await self.nothing_in_hand.wait()
        except TimeoutError:
            _logger.warning("partitions given back unfinished", transport=KafkaLine.name, count=len(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        _logger.info("partitions taken", transport=KafkaLine.name, count=len(assigned))


@asynccontextmanager
async def _started(client: AIOKafkaConsumer | AIOKafkaProducer) -> AsyncIterator[None]:
    try:
        await client.start()
        yield
    finally:
        await _stop(client)


async def _stop(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    async with asyncio.timeout(limits.KAFKA_SILENCE_SECONDS_MAX):
        await client.stop()


async def _records(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]
) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
    """Every record up to the ends."""
    async with asyncio.timeout(limits.KAFKA_ANSWER_SECONDS_MAX) as patience:
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for records in (await consumer.getmany(*ends, timeout_ms=_WAIT_MS)).values():
                patience.reschedule(asyncio.get_running_loop().time() + limits.KAFKA_ANSWER_SECONDS_MAX)
                for record in records:
                    yield record


def _message(record: ConsumerRecord[bytes, bytes]) -> Message:
    position = f"{record.topic}/{record.partition}/{record.offset}"
    origin = {
        "origin_topic": record.topic,
        "origin_partition": str(record.partition),
        "origin_offset": str(record.offset),
    }
    parts: Parts = (
        (b"key", record.key),
        (b"value", record.value),
        *((name.encode(), text) for name, text in record.headers),
    )
    body = record.value or b""
    try:
        headers = [(name.lower(), text.decode()) for name, text in record.headers if text is not None]
    except UnicodeDecodeError:
        strange = Refusal(400, "bad_encoding", "headers are text in UTF-8")
        return Message(position, origin, parts, stranger=strange)
    kind = dict(headers).get("content-type", "").partition(";")[0].strip().lower()
    attributes = {name.removeprefix("ce_"): text for name, text in headers if name.startswith("ce_")}
    if kind.startswith("application/cloudevents") or not attributes:
        if kind and not _JSON.fullmatch(kind):
            return Message(position, origin, parts, stranger=_NOT_JSON)
        return Message(position, origin, parts, body)
    if len(attributes) < sum(name.startswith("ce_") for name, _ in headers):
        strange = Refusal(400, "bad_json", "a record names an attribute twice")
        return Message(position, origin, parts, stranger=strange)
    if kind and not _JSON.fullmatch(kind):
        return Message(position, origin, parts, stranger=_NOT_JSON)
    return Message(position, origin, parts, body, attributes | ({"datacontenttype": kind} if kind else {}))


_NOT_JSON: Final = Refusal(415, "bad_content_type", "events and their data are JSON")


def _listed(record: ConsumerRecord[bytes, bytes]) -> DeadLetter:
    headers = dict(record.headers)
    topic, partition, offset = (headers[f"origin_{part}"].decode() for part in ("topic", "partition", "offset"))
    return DeadLetter(
        number=f"{record.partition}@{record.offset}",
        origin=f"{topic} {partition}@{offset}",
        problem=orjson.loads(headers["problem"]),
        event=record.value or b"",
    )
