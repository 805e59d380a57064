"""Dead letters go back once, as they came, whatever stops the run: on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaConnectionError

import ops.dead_letters.redrive
from ops.dead_letters.letters import RecordPosition, list_dead_letters, show_dead_letter
from ops.dead_letters.redrive import Writer, redrive, writer
from ops.dead_letters.redrive_plan import CUT, ERASED, NOT_THERE, UNREADABLE, Selection
from ops.errors import OperationFailed
from ops.stack.brokers.embedded import EmbeddedBroker, partition_counts
from ops.topic_contract import apply
from ops.topic_reader import records
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import partition_of
from schemas import topics
from schemas.dead_letter import MALFORMED, TOO_LARGE, DeadLetter
from schemas.envelope import WireRecord

# A record and the full name of its topic.
Written = tuple[str, WireRecord]
Original = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]


class Installation:
    """The contract's topics under a prefix of a test's own: writes letters, reads what is on the original topic."""

    def __init__(self, connection: KafkaConnection) -> None:
        self.connection = connection
        self.feedback = connection.topic(topics.FEEDBACK_SUBMITTED)
        self.letters = connection.dead_letters(topics.FEEDBACK_SUBMITTED)

    def letter(self, number: int, *, reason: str = MALFORMED, topic: str | None = None, key: bytes | None = b"user") -> Written:
        """The letter of record `number`, whose value, key and headers differ from every other's; some have no key or no value."""
        key = None if number % 5 == 0 else (key or b"") + b"-%d" % (number % 7)
        value = None if number % 4 == 0 else b"\xff{ %d" % number
        headers = (("ce_id", b"%d" % number), ("ce_id", None), ("dlq_reason", b"as it came"))
        record = ConsumerRecord(topic or self.feedback, number % 8, number, 0, 0, key, value, None, 0, 0, headers)
        letter = DeadLetter.of(record, reason=reason, detail="d", reader="stage1")
        return letter.topic + topics.DLQ_SUFFIX, letter.to_record()

    async def write(self, *letters: Written) -> None:
        producer = AIOKafkaProducer(**self.connection.producer_options())
        await producer.start()
        await asyncio.gather(
            *[await producer.send(topic, record.value, key=record.key, headers=list(record.headers)) for topic, record in letters]
        )
        await producer.stop()

    async def on_topic(self) -> list[tuple[int, Original]]:
        """Partition and content of every record of the original topic."""
        found = records(self.connection, [self.feedback])
        return [(record.partition, (record.key, record.value, tuple(record.headers))) async for record in found]


@pytest.fixture(params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("kafka", marks=pytest.mark.kafka)])
async def installation(request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    prefix = f"t{uuid4().hex[:8]}"
    if request.param == "embedded":
        broker: EmbeddedBroker = request.getfixturevalue("embedded_broker")
        broker.create_topics(partition_counts(topics.specs(prefix)))
        yield Installation(KafkaConnection(broker.bootstrap_servers, topic_prefix=prefix, embedded=True))
    else:
        connection = KafkaConnection(request.getfixturevalue("kafka_broker"), topic_prefix=prefix)
        await asyncio.to_thread(apply, connection, topics.specs(prefix))
        yield Installation(connection)


def expected(installation: Installation, *numbers: int) -> list[tuple[int, Original]]:
    """The originals of these letters, each in the partition where it belongs."""
    found = []
    for number in numbers:
        key = None if number % 5 == 0 else b"user-%d" % (number % 7)
        value = None if number % 4 == 0 else b"\xff{ %d" % number
        partition = number % 8 if key is None else partition_of(key, 8)
        found.append((partition, (key, value, (("ce_id", b"%d" % number), ("ce_id", None), ("dlq_reason", b"as it came")))))
    return sorted(found, key=repr)


class DyingWriter:
    """Commits so many transactions and then fails, as a process that is killed between two or a broker that goes."""

    def __init__(self, connection: KafkaConnection, transactions: int) -> None:
        self._writer = writer(connection)
        self._left = transactions

    async def start(self) -> None:
        await self._writer.start()

    async def stop(self) -> None:
        await self._writer.stop()

    async def commit(self, routed: Mapping[tuple[str, int], list[WireRecord]], /) -> object:
        if not self._left:
            raise KafkaConnectionError("the process ends here")
        self._left -= 1
        return await self._writer.commit(routed)


async def test_each_original_comes_back_once_over_a_crash(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 letters, a crash after the third transaction of 10, a second run: each original once, bytes, headers and partition alike."""
    monkeypatch.setattr(ops.dead_letters.redrive, "TRANSACTION_LETTERS", 10)
    await installation.write(*(installation.letter(number) for number in range(100)))
    with pytest.raises(OperationFailed, match="30 letters were sent again; then a transaction failed"):
        await redrive(installation.connection, Selection(), new_writer=lambda connection: DyingWriter(connection, 3))
    assert len(await installation.on_topic()) == 30
    report = await redrive(installation.connection, Selection())
    assert (report.matched, report.sent, report.already, report.skipped.total()) == (100, 70, 30, 0)
    assert sorted(await installation.on_topic(), key=repr) == expected(installation, *range(100))


async def test_again_changes_nothing(installation: Installation) -> None:
    """A second run finds everything sent; the list says when each was; markers are no letters to anybody."""
    await installation.write(*(installation.letter(number) for number in range(12)))
    assert (await redrive(installation.connection, Selection())).sent == 12
    again = await redrive(installation.connection, Selection())
    assert (again.matched, again.sent, again.already) == (12, 0, 12)
    assert sorted(await installation.on_topic(), key=repr) == expected(installation, *range(12))
    rows = await list_dead_letters(installation.connection)
    assert [(row.topic, row.reason) for row in rows] == [(installation.feedback, MALFORMED)] * 12
    assert all(row.redriven_at is not None and row.redriven_at >= row.at for row in rows)
    marker = max([record.offset async for record in records(installation.connection, [installation.letters])])
    with pytest.raises(LookupError, match="is no dead letter: it marks"):
        await show_dead_letter(installation.connection, installation.letters, 0, marker)


async def test_only_what_is_selected_goes(installation: Installation) -> None:
    """A filter, a limit and a place send their letters; the rest stays unsent, and a dry run sends nothing."""
    letters = [installation.letter(number, reason=TOO_LARGE if number < 2 else MALFORMED) for number in range(6)]
    await installation.write(*letters)
    connection = installation.connection
    rehearsed = await redrive(connection, Selection(reason=TOO_LARGE), dry_run=True)
    assert (rehearsed.matched, rehearsed.sent, await installation.on_topic()) == (2, 2, [])
    rows = await list_dead_letters(connection)
    assert (await redrive(connection, Selection(reason=TOO_LARGE))).sent == 2
    limited = await redrive(connection, Selection(), limit=1)
    assert (limited.sent, limited.already) == (1, 2)
    # Letters were written side by side, so where number 5 lies is only known from the list.
    place = next(row.place for row in rows if row.offset == 5)
    missing = RecordPosition(installation.letters, 0, 10_000)
    named = await redrive(connection, Selection(places=frozenset({place, missing})))
    assert (named.matched, dict(named.skipped)) == (1, {f"{NOT_THERE}: {missing}": 1})
    redriven = {row.offset for row in await list_dead_letters(connection) if row.redriven_at is not None}
    assert sorted(await installation.on_topic(), key=repr) == expected(installation, *redriven)
    assert redriven >= {0, 1, 5}


async def test_what_cannot_go_is_counted_and_the_rest_goes(installation: Installation) -> None:
    """Somebody else's record and an erased user's letter stay, each with its reason."""
    erasures = (installation.connection.topic(topics.USER_ERASED), WireRecord(b"user-1", b"{}", ()))
    stranger = (installation.letters, WireRecord(None, b"someone else's", (("dlq_redriven", b"0:0"), ("x", b"1"))))
    await installation.write(erasures, stranger, installation.letter(1), installation.letter(2))
    report = await redrive(installation.connection, Selection())
    assert (report.matched, report.sent, dict(report.skipped)) == (3, 1, {UNREADABLE: 1, ERASED: 1})
    assert await installation.on_topic() == expected(installation, 2)


async def test_a_letter_refused_again_is_a_letter_of_its_own(installation: Installation) -> None:
    """The new letter, which names the record's new place, is sent by the next run; the old one is not."""
    await installation.write(installation.letter(3))
    await redrive(installation.connection, Selection())
    await installation.write(installation.letter(11))
    report = await redrive(installation.connection, Selection())
    assert (report.matched, report.sent, report.already) == (2, 1, 1)
    assert sorted(await installation.on_topic(), key=repr) == expected(installation, 3, 11)


@pytest.fixture
async def on_kafka(kafka_broker: str) -> Installation:
    prefix = f"t{uuid4().hex[:8]}"
    connection = KafkaConnection(kafka_broker, topic_prefix=prefix)
    await asyncio.to_thread(apply, connection, topics.specs(prefix))
    return Installation(connection)


class KilledWriter:
    """Writes its first transaction and is gone before the commit: the broker holds it open."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._producer = AIOKafkaProducer(**connection.producer_options(), transactional_id=f"{connection.topic_prefix}-redrive")

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def commit(self, routed: Mapping[tuple[str, int], list[WireRecord]], /) -> object:
        await self._producer.begin_transaction()
        for (topic, partition), outgoing in routed.items():
            batch = self._producer.create_batch()
            for record in outgoing:
                assert batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
            await (await self._producer.send_batch(batch, topic, partition=partition))
        raise KafkaConnectionError("killed")


@pytest.mark.kafka
async def test_a_kill_inside_a_transaction_leaves_nothing_of_it(on_kafka: Installation) -> None:
    """Records and markers that reached the broker without a commit are nobody's: the next run sends each letter, once."""
    await on_kafka.write(*(on_kafka.letter(number) for number in range(20)))
    with pytest.raises(OperationFailed, match="0 letters were sent again; then a transaction failed"):
        await redrive(on_kafka.connection, Selection(), new_writer=KilledWriter)
    report = await redrive(on_kafka.connection, Selection())
    assert (report.sent, report.already) == (20, 0)
    assert sorted(await on_kafka.on_topic(), key=repr) == expected(on_kafka, *range(20))


class InterruptedWriter:
    """Before its second transaction somebody else's redrive runs to its end."""

    def __init__(self, connection: KafkaConnection, reports: list[Any]) -> None:
        self._connection = connection
        self._writer: Writer = writer(connection)
        self._reports = reports
        self._transactions = 0

    async def start(self) -> None:
        await self._writer.start()

    async def stop(self) -> None:
        await self._writer.stop()

    async def commit(self, routed: Mapping[tuple[str, int], list[WireRecord]], /) -> object:
        self._transactions += 1
        if self._transactions == 2:
            self._reports.append(await redrive(self._connection, Selection()))
        return await self._writer.commit(routed)


@pytest.mark.kafka
async def test_two_at_once_send_nothing_twice(on_kafka: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who starts later fences who is at it: the former is refused its next transaction, the later sends exactly what was left."""
    monkeypatch.setattr(ops.dead_letters.redrive, "TRANSACTION_LETTERS", 10)
    await on_kafka.write(*(on_kafka.letter(number) for number in range(40)))
    reports: list[Any] = []
    with pytest.raises(OperationFailed, match=r"10 letters were sent again; then .*`abhyas dlq redrive`"):
        await redrive(on_kafka.connection, Selection(), new_writer=lambda connection: InterruptedWriter(connection, reports))
    assert [(report.sent, report.already) for report in reports] == [(30, 10)]
    assert sorted(await on_kafka.on_topic(), key=repr) == expected(on_kafka, *range(40))


class OvertakenWriter:
    """Before its transaction a stage opens one that writes a dead letter, and leaves it open."""

    def __init__(self, connection: KafkaConnection, stage: AIOKafkaProducer, letter: Written) -> None:
        self._writer: Writer = writer(connection)
        self._stage = stage
        self._letter = letter

    async def start(self) -> None:
        await self._writer.start()

    async def stop(self) -> None:
        await self._writer.stop()

    async def commit(self, routed: Mapping[tuple[str, int], list[WireRecord]], /) -> object:
        await self._stage.begin_transaction()
        topic, record = self._letter
        await self._stage.send_and_wait(topic, record.value, key=record.key, headers=list(record.headers))
        return await self._writer.commit(routed)


@pytest.mark.kafka
async def test_markers_behind_an_open_transaction_are_known(on_kafka: Installation) -> None:
    """A marker that lies behind a stage's open transaction is hidden until that ends: the next run waits for it and sends nothing twice."""
    await on_kafka.write(on_kafka.letter(1))
    stage = AIOKafkaProducer(**on_kafka.connection.producer_options(), transactional_id=f"{on_kafka.connection.topic_prefix}-stage")
    await stage.start()
    first = await redrive(
        on_kafka.connection, Selection(), new_writer=lambda connection: OvertakenWriter(connection, stage, on_kafka.letter(2))
    )
    assert first.sent == 1
    second = asyncio.create_task(redrive(on_kafka.connection, Selection()))
    # Long enough for a run that does not wait to be through; one that does wait is none the worse for it.
    await asyncio.wait([second], timeout=3)
    await stage.commit_transaction()
    await stage.stop()
    report = await second
    assert (report.matched, report.sent, report.already) == (2, 1, 1)
    assert sorted(await on_kafka.on_topic(), key=repr) == expected(on_kafka, 1, 2)


async def test_k2_cut_letter_goes_back_whole_while_its_original_lies_there(installation: Installation) -> None:
    """The original is read from its place; one that no longer is what was cut is left behind, and the list says that it was cut."""
    connection, value = installation.connection, b"a" * 3_000_000
    producer = AIOKafkaProducer(**connection.producer_options() | {"max_request_size": 4_000_000})
    await producer.start()
    places = [
        await producer.send_and_wait(installation.feedback, made, key=b"user", headers=[("ce_id", b"1")]) for made in (value, b"b" + value)
    ]
    await producer.stop()
    letters = []
    for place in places:
        record = ConsumerRecord(place.topic, place.partition, place.offset, 0, 0, b"user", value, None, 0, 0, (("ce_id", b"1"),))
        letter = DeadLetter.of(record, reason=TOO_LARGE, detail="d", reader="stage1")
        letters.append((letter.topic + topics.DLQ_SUFFIX, letter.to_record()))
    await installation.write(*letters)
    listed = await list_dead_letters(connection)
    assert [(row.size_bytes, row.cut.parts if row.cut else None) for row in listed] == [(3_000_010, ("value",))] * 2
    report = await redrive(connection, Selection())
    assert (report.sent, dict(report.skipped)) == (1, {CUT: 1})
    assert [content for _, content in await installation.on_topic()][2:] == [(b"user", value, (("ce_id", b"1"),))]
