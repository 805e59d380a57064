"""The stream processor as a process on the embedded broker: what it does with events, how it stops, what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from consumers.collect.deduplication import Mark, pack
from consumers.engine.sharding import change_shards
from consumers.errors import FatalError
from consumers.service import _within, security
from ops.stack.brokers.embedded import EmbeddedBroker
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import TransactionalWriter, partition_of
from schemas import dead_letter, topics
from schemas.envelope import WireRecord
from schemas.events.turn_completed import TurnCompleted
from schemas.identity import former_ids

Start = Callable[..., Any]


async def test_events_become_samples_and_one_command(build: Any, embedded_topics: Any, start_consumers: Start) -> None:
    """Feedback and documents become samples, bad events dead letters with their own bytes, and the threshold one command."""
    consumers = start_consumers(embedded_topics.connection)
    await embedded_topics.send(build.serving(), build.document())
    await consumers.ticked()
    await embedded_topics.send(*(build.feedback(f"f{number}", correction="आगरा में") for number in range(12)))
    await embedded_topics.send(*(build.feedback(f"f{number}", correction="आगरा में") for number in range(3)))
    await embedded_topics.send_raw(topics.FEEDBACK_SUBMITTED, b"{not json", headers=(("x", b"1"),))
    await consumers.until(lambda: consumers.model().get("running") is not None)
    # Totals are told with a batch in hand, positions once it is committed.
    await consumers.until(lambda: sum(consumers.state()["stage1"]["positions"].get(topics.FEEDBACK_SUBMITTED, {}).values()) == 16)
    await consumers.until(lambda: consumers.state()["stage1"]["processed"] == 17)

    stage1 = consumers.state()["stage1"]
    assert stage1["duplicates_ignored"] == 3
    assert stage1["dead_letters"] == {topics.FEEDBACK_SUBMITTED: {dead_letter.MALFORMED: 1}}
    samples = await embedded_topics.events(topics.SAMPLE_COLLECTED)
    assert len({sample["sample_id"] for sample in samples}) == len(samples) == 13
    (letter,) = await embedded_topics.read(embedded_topics.connection.dead_letters(topics.FEEDBACK_SUBMITTED))
    read = dead_letter.read(letter.key, letter.value, letter.headers)
    assert (read.value, read.key, read.headers, read.reason) == (b"{not json", b"k", (("x", b"1"),), dead_letter.MALFORMED)
    assert read.topic == embedded_topics.connection.topic(topics.FEEDBACK_SUBMITTED)

    (command,) = await embedded_topics.events(topics.RETRAIN_REQUESTED)
    assert (command["rules"], len(command["batch"]["samples"])) == (["count"], 10)
    model = consumers.model()
    assert (model["running"], model["serving_version"], model["pending_negatives"]) == (command["command_id"], "v0", 2)
    by_place = {
        (record.partition, record.offset)
        for record in await embedded_topics.read(embedded_topics.connection.topic(topics.SAMPLE_COLLECTED))
    }
    assert {(ref["partition"], ref["offset"]) for ref in command["batch"]["samples"]} <= by_place

    status, text = consumers.get("/metrics")
    assert status == 200
    assert 'abhyas_consumer_events_total{outcome="duplicate",stage="stage1",topic="feedback.submitted.v1"} 3.0' in text
    assert consumers.get("/health")[0] == 200
    code, seconds = consumers.stop()
    assert (code, seconds < 20) == (0, True)


async def test_headers_that_cannot_be_decoded_lose_no_batch(build: Any, embedded_topics: Any, start_consumers: Start) -> None:
    """Records whose headers have no value or are not UTF-8 become dead letters as they came, and those around them samples."""
    odd = ((("ce_id", None),), (("x", b"\xff\xfe"),), (("ce_source", b"\xff"), ("ce_id", b"1")))
    for index, headers in enumerate(odd):
        await embedded_topics.send(build.feedback(f"f{index}"))
        await embedded_topics.send_raw(topics.FEEDBACK_SUBMITTED, b"{}", headers=headers)
    await embedded_topics.send(build.feedback("last"))
    consumers = start_consumers(embedded_topics.connection, "stage1")
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 7)
    assert len(await embedded_topics.events(topics.SAMPLE_COLLECTED)) == 4
    letters = await embedded_topics.read(embedded_topics.connection.dead_letters(topics.FEEDBACK_SUBMITTED))
    assert [dead_letter.read(letter.key, letter.value, letter.headers).headers for letter in letters] == list(odd)


async def test_turns_are_joined_over_a_restart(build: Any, embedded_topics: Any, start_consumers: Start) -> None:
    """Of pairs in either order, each half before and after kill -9, every one becomes one sample with the turn's words."""
    users = [f"{number:032x}" for number in range(40)]
    turns = [TurnCompleted(turn_id="t", user_hash=user, query="q", response=f"answer of {user}") for user in users]
    ratings = [build.feedback(f"f{user}", user_hash=user, turn_id="t", query="", response="") for user in users]
    consumers = start_consumers(embedded_topics.connection, "stage1")
    await embedded_topics.send(*turns[:20], *ratings[20:])
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 40)
    assert consumers.state()["stage1"]["turns"] == {"remembered": 20, "waiting": 20, "joined": 0, "unjoined": 0, "originals_gone": 0}
    consumers.kill()
    await embedded_topics.send(*turns, *ratings)
    consumers.start()
    # Counted behind the commit; the state says what is processed before it.
    await consumers.until(lambda: 'abhyas_consumer_joins_total{result="joined"} 40.0' in (consumers.get("/metrics")[1] or ""))
    samples = await embedded_topics.events(topics.SAMPLE_COLLECTED)
    assert {sample["user_hash"]: sample["response"] for sample in samples} == {turn.user_hash: turn.response for turn in turns}
    assert len(samples) == 40
    await consumers.until(lambda: consumers.state()["stage1"]["processed"] == 120)
    assert consumers.state()["stage1"]["turns"]["joined"] == 40
    assert consumers.stop()[0] == 0


async def test_restart_goes_on_where_it_was(build: Any, embedded_topics: Any, start_consumers: Start) -> None:
    """After kill -9 the state is restored before anything is processed: duplicates stay duplicates, the batch stays leased. With
    another number of shards too, once it was changed with everything stopped; before that the start is refused."""
    consumers = start_consumers(embedded_topics.connection, STAGE1_SHARDS="3", STAGE2_SHARDS="2")
    await embedded_topics.send(build.serving(), *(build.feedback(f"f{number}", correction="आगरा में") for number in range(10)))
    await consumers.until(lambda: consumers.model().get("running") is not None)
    consumers.kill()
    await embedded_topics.send(*(build.feedback(f"f{number}", correction="आगरा में") for number in range(11)))
    consumers.environment = {"STAGE1_SHARDS": "2", "STAGE2_SHARDS": "2"}
    consumers.start()
    assert consumers.process.wait(60) == 1
    assert "written under 3 shards and STAGE1_SHARDS is 2" in consumers.log.read_text()
    await change_shards(embedded_topics.connection, "stage1", 2)
    consumers.start()
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 21)
    await consumers.until(lambda: consumers.model().get("pending_negatives") == 1)
    assert consumers.state()["stage1"]["duplicates_ignored"] == 10
    assert len(await embedded_topics.events(topics.RETRAIN_REQUESTED)) == 1
    assert len(await embedded_topics.events(topics.SAMPLE_COLLECTED)) == 11


async def test_state_of_the_former_release_is_migrated(build: Any, embedded_topics: Any, start_consumers: Start) -> None:
    """On the changelog of the release before, the first start takes its samples for known ones and writes the state in its own form."""
    connection = embedded_topics.connection
    (sample,), user = former_ids("feedback", "chat", "f1"), "ab" * 16
    place = partition_of(user.encode(), topics.INPUT_PARTITIONS)
    writer = TransactionalWriter(connection, f"{connection.topic_prefix}-stage1-0")
    await writer.start()
    key = b"k" + bytes.fromhex(sample)[:16]
    mark = pack(Mark(round(build.start.timestamp()), 0, False, "tiny-llama", bytes.fromhex(user), 739943, (1, 1, 0, 1)))
    old = [
        WireRecord(b"version", b"3"),
        WireRecord(key, mark),
        WireRecord(b"d|tiny-llama|feedback|739943", b"[1,1,[1,1,0,1]]"),
        WireRecord(b"n", b"[1,1,0,0,{}]"),
        WireRecord(f"p|{topics.FEEDBACK_SUBMITTED}|{place}".encode(), b"1"),
    ]
    await writer.commit({(connection.topic(topics.STAGE1_CHANGELOG), place): old})
    await writer.stop()
    event = build.feedback("f1", user_hash=user)
    await embedded_topics.send(event, event)
    consumers = start_consumers(connection, "stage1")
    for _ in range(2):
        await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 2)
        assert consumers.state()["stage1"]["duplicates_ignored"] == 1
        consumers.kill()
        consumers.start()
    assert consumers.log.read_text().count("state migrated") == 1
    newest = {record.key: record.value for record in await embedded_topics.read(connection.topic(topics.STAGE1_CHANGELOG))}
    assert newest[b"version"] == b"4"
    assert newest[key] == mark


async def test_state_of_a_newer_release_is_refused(embedded_topics: Any, start_consumers: Start) -> None:
    """A changelog of a version that this release does not know ends the start with exit code 1 and what to do."""
    await embedded_topics.send_raw(topics.STAGE1_CHANGELOG, b"5", key=b"version")
    consumers = start_consumers(embedded_topics.connection, "stage1")
    assert consumers.process.wait(60) == 1
    assert "state version 5 is newer than this release knows (4): start the release that wrote it" in consumers.log.read_text()


async def test_k3_samples_of_a_user_are_told(build: Any, embedded_topics: Any, start_consumers: Start) -> None:
    """What an erasure would meet: how many samples stage 1 remembers and stage 2 holds; another form of hash is refused."""
    consumers = start_consumers(embedded_topics.connection)
    await consumers.ready()
    await embedded_topics.send(*[build.feedback(f"f{number}", user_hash="ab" * 16) for number in range(3)], build.feedback("other"))
    await consumers.until(lambda: consumers.model().get("pending_negatives") == 4)
    assert consumers.get(f"/users/{'ab' * 16}") == (200, {"remembered": 3, "buffered": 3, "complete": True})
    assert consumers.get(f"/users/{'cd' * 16}")[1]["buffered"] == 0
    assert consumers.get("/users/asha")[0] == 422


async def test_instance_without_a_shard_is_ready(embedded_topics: Any, start_consumers: Start) -> None:
    """More instances than shards: the one that is left over says so, is ready, and writes no ticks."""
    consumers = start_consumers(embedded_topics.connection, INSTANCE="1", INSTANCES="2")
    await consumers.ready()
    assert consumers.state()["stage1"]["positions"] == consumers.state()["stage2"]["positions"] == {}
    assert "this instance has no shard" in consumers.log.read_text()
    assert consumers.stop()[0] == 0
    assert await embedded_topics.read(embedded_topics.connection.topic(topics.CLOCK_TICKED)) == []


async def test_missing_topics_are_named(embedded_topics: Any, start_consumers: Start) -> None:
    """Without its topics the process ends with exit code 1 and says what to do."""
    consumers = start_consumers(embedded_topics.connection, TOPIC_PREFIX="elsewhere")
    assert consumers.process.wait(60) == 1
    assert "abhyas topics apply" in consumers.log.read_text()


async def test_foreign_state_stops_the_start(embedded_topics: Any, start_consumers: Start) -> None:
    """A changelog record that nothing of ours wrote ends the start with exit code 1 and its key, instead of being skipped."""
    await embedded_topics.send_raw(topics.STAGE2_CHANGELOG, b"1", key=b"z|what")
    consumers = start_consumers(embedded_topics.connection, "stage2")
    assert consumers.process.wait(60) == 1
    assert "z|what" in consumers.log.read_text()


async def test_unreachable_kafka_is_named(embedded_topics: Any, start_consumers: Start) -> None:
    """Kafka that cannot be reached ends the process with exit code 1 and its address."""
    consumers = start_consumers(embedded_topics.connection, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert consumers.process.wait(60) == 1
    assert "cannot reach Kafka at 127.0.0.1:1" in consumers.log.read_text()


async def test_stops_in_time_without_its_broker(start_consumers: Start) -> None:
    """SIGTERM ends the process by itself, within the time a supervisor waits before SIGKILL, when the broker went first."""
    with EmbeddedBroker({spec.name: spec.partitions for spec in topics.specs()}) as broker:
        consumers = start_consumers(KafkaConnection(broker.bootstrap_servers, embedded=True))
        await consumers.ready()
    await asyncio.sleep(2.5)
    code, seconds = consumers.stop()
    assert code in (0, 1)
    assert seconds < 20


def test_security_is_the_connections() -> None:
    """FastStream's subscribers get the mechanism, name and encryption of the shared connection; an unknown mechanism is named."""
    plain = KafkaConnection("k:1", security_protocol="SASL_PLAINTEXT", sasl_username="u", sasl_password="p")
    made = security(plain)
    assert (type(made).__name__, made.username, made.use_ssl) == ("SASLScram512", "u", False)
    assert security(KafkaConnection("k:1", security_protocol="SASL_SSL", sasl_mechanism="PLAIN")).use_ssl is True
    assert security(KafkaConnection("k:1", security_protocol="SSL")).use_ssl is True
    with pytest.raises(FatalError, match="KAFKA_SASL_MECHANISM"):
        security(KafkaConnection("k:1", security_protocol="SASL_SSL", sasl_mechanism="GSSAPI"))


async def test_a_part_that_cannot_be_stopped_is_left_behind() -> None:
    """aiokafka may lose a cancel: the stop goes on when the part's time is up."""
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    stopping = asyncio.create_task(stubborn())
    async with asyncio.timeout(30):
        await _within(0.05, stopping, "stubborn")
    assert not stopping.done()
    release.set()
    await stopping
