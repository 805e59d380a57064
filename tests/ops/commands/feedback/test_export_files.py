"""The feedback folder is what the topics say, no more and no less."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from ops.commands.feedback.export_files import ExportReport, aggregate, export_feedback
from ops.stack.brokers.embedded import EmbeddedBroker
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.envelope import encode
from schemas.events.sample_collected import SampleCollected
from schemas.events.user_erased import UserErased
from schemas.fields import Provenance

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
# An erasure reaches samples number 0 to 5, which happened so many hours after NOW.
ERASED_AFTER = timedelta(hours=5)
USERS = {name: hashlib.sha256(name.encode()).hexdigest() for name in "abc"}


def sample(number: int, **fields: object) -> SampleCollected:
    given = {
        "sample_id": hashlib.sha256(str(number).encode()).hexdigest(),
        "kind": "feedback",
        "revision": 0,
        "model": "tiny-llama",
        "occurred_at": NOW + timedelta(hours=number),
        "source": "/s",
        "provenance": Provenance(topic=topics.FEEDBACK_SUBMITTED, partition=0, offset=number),
        "group": "g",
        "language": "hi",
        "query": "सालार जंग संग्रहालय कहाँ है?",
        "correction": "हैदराबाद",
        "negative": True,
        "score": -1.0,
        "user_hash": USERS["a"],
    }
    return SampleCollected.model_validate(given | fields)


@pytest.fixture
async def topic_writer(embedded_broker: EmbeddedBroker):
    """A connection, and a function that puts events (or raw bytes) on its topics."""
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics({topics.topic(topics.SAMPLE_COLLECTED, prefix): 4, topics.topic(topics.USER_ERASED, prefix): 8})
    connection = KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True)
    producer = AIOKafkaProducer(**connection.producer_options())
    await producer.start()

    async def write(*events: object) -> None:
        for event in events:
            if isinstance(event, bytes):
                await producer.send_and_wait(connection.topic(topics.SAMPLE_COLLECTED), event)
                continue
            record = encode(event, source="/s", time=NOW + ERASED_AFTER if isinstance(event, UserErased) else NOW)
            await producer.send_and_wait(connection.topic(event.TOPIC), record.value, key=record.key, headers=list(record.headers))

    yield connection, write
    await producer.stop()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_the_last_revision_is_exported_and_nothing_that_was_taken_back(topic_writer, tmp_path: Path) -> None:
    """Retracted feedback, documents, erased users' feedback and unreadable records are absent; older revisions lose."""
    connection, write = topic_writer
    await write(
        sample(1, correction="दिल्ली"),
        sample(1, revision=1),
        sample(2),
        sample(2, revision=1, retracted=True),
        sample(3, kind="document", doc_id="d", text="t"),
        sample(4, user_hash=USERS["b"]),
        sample(5, revision=4, score=1.0, negative=False, correction=None, user_hash=None),
        sample(5, revision=3),
        b"{",
        UserErased(user_hash=USERS["b"], actor="desk"),
    )
    report = await export_feedback(connection, tmp_path)
    folder = tmp_path / "feedback"
    assert report == ExportReport(folder, written=3, unchanged=0, removed=0, records=2)
    one, five = sample(1).sample_id, sample(5).sample_id
    assert set(contents(folder)) == {f"feedback_{one}.json", f"feedback_{five}.json", "aggregated_feedback.json"}
    record = json.loads((folder / f"feedback_{one}.json").read_text("utf-8"))
    assert (record["revision"], record["correction"]) == (1, "हैदराबाद")
    assert "हैदराबाद" in (folder / f"feedback_{one}.json").read_text("utf-8")
    figures = json.loads((folder / "aggregated_feedback.json").read_text("utf-8"))
    assert (figures["records"], figures["negative"], figures["corrections"], figures["users"], figures["mean_score"]) == (2, 1, 1, 1, 0.0)
    assert figures["models"]["tiny-llama"]["languages"] == {"hi": 2}


async def test_a_sample_is_exported_as_it_was_served(topic_writer, tmp_path: Path) -> None:
    """With its conversation, its passages, the answer that lost and the one that won; what an erased user's sample holds of them goes."""
    connection, write = topic_writer
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    served = {
        "messages": [
            {"role": "system", "content": "संक्षेप में।"},
            {"role": "user", "content": "चारमीनार?"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "content": "1591", "tool_call_id": "c1"},
        ],
        "passages": [{"doc_id": "d7", "text": "चारमीनार 1591 में बना।", "rank": 1, "score": 0.5, "cited": True}],
        "preferred": {"answer": "1591 में।", "how": "regenerated"},
        "reasons": [{"code": "incorrect", "raw": "गलत"}],
        "turn_id": "t1",
        "response": "1687 में।",
        "negative_class": "preference",
    }
    await write(sample(1, **served, correction=None), sample(2, **served, user_hash=USERS["b"]))
    await export_feedback(connection, tmp_path)
    folder = tmp_path / "feedback"
    for number in (1, 2):
        record = json.loads((folder / f"feedback_{sample(number).sample_id}.json").read_text("utf-8"))
        assert {name: record[name] for name in served} == served
    await write(UserErased(user_hash=USERS["b"], actor="desk"))
    assert (await export_feedback(connection, tmp_path)).removed == 1
    assert not (folder / f"feedback_{sample(2).sample_id}.json").exists()


async def test_exporting_again_changes_nothing_and_an_erasure_removes(topic_writer, tmp_path: Path) -> None:
    """The same topics give the same bytes; what has gone from them goes from the folder, leftovers of a stopped export too."""
    connection, write = topic_writer
    await write(sample(1), sample(2, user_hash=USERS["c"]))
    await export_feedback(connection, tmp_path)
    folder = tmp_path / "feedback"
    before = contents(folder)
    assert await export_feedback(connection, tmp_path) == ExportReport(folder, written=0, unchanged=3, removed=0, records=2)
    assert contents(folder) == before
    (folder / f".part-{'0' * 32}").write_text("{")
    (folder / ".feedback_x.json.partial").write_text("{")
    (folder / "notes.txt").write_text("a person's own file")
    await write(UserErased(user_hash=USERS["c"], actor="desk"))
    assert await export_feedback(connection, tmp_path) == ExportReport(folder, written=1, unchanged=1, removed=1, records=1)
    assert set(contents(folder)) == {f"feedback_{sample(1).sample_id}.json", "aggregated_feedback.json", "notes.txt"}


async def test_what_a_user_says_after_the_erasure_stays(topic_writer, tmp_path: Path) -> None:
    """Everything up to the erasure's time goes, the same moment included; the user may speak again."""
    connection, write = topic_writer
    await write(sample(4), sample(5), UserErased(user_hash=USERS["a"], actor="desk"), sample(6), sample(7, user_hash=USERS["b"]))
    report = await export_feedback(connection, tmp_path)
    names = {path.name for path in report.folder.glob("feedback_*.json")}
    assert names == {f"feedback_{sample(number).sample_id}.json" for number in (6, 7)}


async def test_without_feedback_the_figures_say_so(topic_writer, tmp_path: Path) -> None:
    """An empty topic makes an empty export, not an error."""
    connection, _ = topic_writer
    report = await export_feedback(connection, tmp_path)
    assert (report.records, report.written) == (0, 1)
    assert json.loads((tmp_path / "feedback" / "aggregated_feedback.json").read_text())["mean_score"] is None


def test_the_figures_do_not_depend_on_the_order() -> None:
    """Partitions may be read in any order."""
    samples = [sample(number, score=score) for number, score in enumerate((0.1, 0.2, 0.7, -1.0, 0.3))]
    assert aggregate(samples) == aggregate(reversed(samples))


async def test_k3_export_knows_renamed_moved_and_later_said_feedback(topic_writer, tmp_path: Path) -> None:
    """A former id of the same user is the same feedback, a move is no retraction, and of one revision the later content is exported."""
    connection, write = topic_writer
    old, new = sample(1), sample(2, former_ids=[sample(1).sample_id], revision=1)
    later = sample(3, occurred_at=NOW + timedelta(hours=9), correction="बाद में", content="b" * 16)
    moved = sample(4, model="gemma", occurred_at=NOW + timedelta(hours=9))
    gone = sample(4, model="tiny-llama", retracted=True, moved=True, occurred_at=moved.occurred_at)
    others = sample(5, former_ids=[sample(6).sample_id], revision=1, user_hash=USERS["b"])
    await write(old, new, later, sample(3, content="a" * 16), moved, gone, sample(4), others, sample(6))
    await export_feedback(connection, tmp_path)
    found = {name: json.loads(content) for name, content in contents(tmp_path / "feedback").items() if name.startswith("feedback_")}
    assert {one["sample_id"] for one in found.values()} == {sample(number).sample_id for number in (2, 3, 4, 5, 6)}
    by_id = {one["sample_id"]: one for one in found.values()}
    assert by_id[later.sample_id]["correction"] == "बाद में"
    assert by_id[moved.sample_id]["model"] == "gemma"
