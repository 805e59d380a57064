"""What stage 2 reads, and its journal form."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from consumers.decide.inputs import (
    COUNTED,
    DocumentText,
    Entry,
    ErasureSeen,
    JobSeen,
    Read,
    RequestSeen,
    SampleSeen,
    ServingSeen,
    SignalSeen,
    TickSeen,
    from_journal,
    read,
    to_ms,
)
from consumers.drift.features.sketch import empty, text_of
from consumers.records import InputRecord, Refusal
from schemas import topics
from schemas.events.model_current import DriftBaseline
from schemas.events.trigger_journal import JournalEntry
from schemas.fields import Hyperparameters


def seen(build: Any, event: Any) -> Any:
    found = read(build.record(event))
    return found.input if isinstance(found, Read) else found


def test_each_topic_becomes_its_input(build: Any) -> None:
    """Every topic that stage 2 reads gives an input with the fields that decide, and no text."""
    sample = build.sample("a", revision=2, query="गुप्त")
    second = to_ms(build.start) // 1000
    assert seen(build, sample) == SampleSeen(sample.sample_id, 2, False, True, False, False, "", second)
    assert seen(build, build.sample("a", user_hash="0a" * 16, conversation_id="c")).contributor == "u:" + "0a" * 16
    assert seen(build, build.sample("a", conversation_id="c")).contributor == "c:c"
    assert seen(build, build.erasure("0a" * 16)) == ErasureSeen("u:" + "0a" * 16, second)
    summary = build.summary(sequence=9, events=4, negatives=1)
    assert seen(build, summary) == SignalSeen("feedback", 0, build.start.date().toordinal(), 9, events=4, negatives=1)
    assert seen(build, build.serving("v3", "promotion")) == ServingSeen("v3", "promotion", "", None, "abhyas/tiny-llama")
    assert seen(build, build.job("j1", attempt=2, outcome="failed", retryable=True)) == JobSeen("j1", 2, "failed", True, "v1")
    assert seen(build, build.tick(5)) == TickSeen(to_ms(build.start) + 5000)
    asked = build.request("start", job_id="j9", dataset_path="s3://b/k", hyperparameters=Hyperparameters(epochs=2))
    assert seen(build, asked) == RequestSeen("start", "r1", job_id="j9", dataset_path="s3://b/k", epochs=2)
    assert seen(build, asked).hyperparameters() == Hyperparameters(epochs=2)


def test_a_summary_brings_its_counts_by_language_and_its_sketch(build: Any) -> None:
    """Every count that decides is read by its name; what is no sketch of this release is refused."""
    summary = build.summary(**{name: number for number, name in enumerate(COUNTED, 1)}, rated=99)
    found = seen(build, summary)
    assert [getattr(found, name) for name in COUNTED] == list(range(1, len(COUNTED) + 1))
    sketch = text_of(empty() + 3)
    sketched = build.summary(kind="document").model_copy(update={"baseline": "ab" * 32, "sketch": sketch})
    assert (seen(build, sketched).baseline, seen(build, sketched).sketch) == ("ab" * 32, sketch)
    refused = seen(build, sketched.model_copy(update={"sketch": "AAAA"}))
    assert isinstance(refused, Refusal)
    assert "sketch" in refused.detail


def test_drift_baselines_keep_their_order(build: Any) -> None:
    """model.current's list becomes one line of sha256 and first day."""
    listed = [DriftBaseline(uri="x", sha256=letter * 64, documents=1, from_day=date(1, 1, day)) for letter, day in (("b", 1), ("a", 2))]
    assert seen(build, build.serving(drift_baselines=listed)).baselines == f"{'b' * 64}:1,{'a' * 64}:2"


def test_the_text_of_a_document_comes_beside_its_input(build: Any) -> None:
    """With its group and event-day; feedback and what is retracted bring none."""
    found = read(build.record(build.sample("d", document=True, text="नदी", group="g")))
    assert isinstance(found, Read)
    assert found.document == DocumentText("नदी", "g", build.start.date().toordinal())
    for sample in (build.sample("f"), build.sample("d", document=True), build.sample("d", document=True, text="x", retracted=True)):
        other = read(build.record(sample))
        assert isinstance(other, Read)
        assert other.document is None


def test_a_document_of_a_history_is_no_news(build: Any) -> None:
    """It decides as any other and explains no drift: its text is not among the newest."""
    found = read(build.record(build.sample("d", document=True, text="नदी", group="g"), history=True))
    assert isinstance(found, Read)
    assert (found.document, found.input.document) == (None, True)


def test_signals_of_former_journals_are_read() -> None:
    """An entry that counted letters, and knew no languages, is read with what it has."""
    fields = {
        "input": "document",
        "partition": 1,
        "day": 739_000,
        "sequence": 9,
        "events": 3,
        "negatives": 0,
        "letters": 70,
        "devanagari": 9,
    }
    entry = JournalEntry(kind="signal", topic=topics.SIGNAL_SUMMARISED, partition=0, offset=4, fields=fields)
    assert from_journal(entry).input == SignalSeen("document", 1, 739_000, 9, events=3)
    former = JournalEntry(kind="serving", topic=topics.MODEL_CURRENT, partition=0, offset=4, fields={"version": "v1", "cause": "promotion"})
    assert from_journal(former).input == ServingSeen("v1", "promotion", None)


def test_what_decides_nothing_is_left_out(build: Any) -> None:
    """A job that has not ended and a request for the runner decide nothing here."""
    assert read(build.record(build.job("j1", outcome=None))) is None
    assert read(build.record(build.request("rollback"))) is None


def test_unreadable_records_are_refused() -> None:
    """A record that is no event of its topic is refused with a reason, not raised over."""
    for topic in (topics.SAMPLE_COLLECTED, topics.CLOCK_TICKED, topics.TRAINING_STATE):
        assert isinstance(read(InputRecord(topic, 0, 0, None, b"{", (), 0)), Refusal)
    deep = InputRecord(
        topics.MODEL_CURRENT, 0, 0, None, b'{"data":' + b"[" * 100_000, (("content-type", b"application/cloudevents+json"),), 0
    )
    assert isinstance(read(deep), Refusal)


def test_journal_entries_come_back(build: Any) -> None:
    """Every kind of input survives the journal unchanged, through its JSON."""
    events = [
        build.sample("a"),
        build.summary(events=1),
        build.serving(),
        build.job("j"),
        build.tick(),
        build.request("start", job_id="j", hyperparameters=Hyperparameters(learning_rate=2e-4)),
        build.request("pause"),
        build.erasure("0a" * 16),
    ]
    for offset, event in enumerate(events):
        entry = Entry(event.TOPIC, 1, offset, seen(build, event))
        stored = JournalEntry.model_validate_json(msgspec.json.encode(entry.to_journal()))
        assert from_journal(stored) == entry


def test_foreign_journal_entries_are_named() -> None:
    """A kind that is no input of the trigger is refused by its name."""
    with pytest.raises(ValueError, match="weather"):
        from_journal(JournalEntry(kind="weather", topic="t", partition=0, offset=0, fields={}))
