"""What stage 2 reads, and its journal form."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from consumers.core.inputs import (
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
from consumers.core.records import InputRecord, Refusal
from schemas import topics
from schemas.fields import Hyperparameters
from schemas.journal import JournalEntry


def seen(build: Any, event: Any) -> Any:
    found = read(build.record(event))
    return found.input if isinstance(found, Read) else found


def test_each_topic_becomes_its_input(build: Any) -> None:
    """Every topic that stage 2 reads gives an input with the fields that decide, and no text."""
    sample = build.sample("a", revision=2, query="गुप्त")
    second = to_ms(build.start) // 1000
    assert seen(build, sample) == SampleSeen(sample.sample_id, 2, False, True, False, False, "", second)
    assert seen(build, build.sample("a", user_hash="0a" * 16, conversation_id="c")).voice == "u:" + "0a" * 16
    assert seen(build, build.sample("a", conversation_id="c")).voice == "c:c"
    assert seen(build, build.erasure("0a" * 16)) == ErasureSeen("u:" + "0a" * 16, second)
    summary = build.summary(sequence=9, events=4, negatives=1)
    assert seen(build, summary) == SignalSeen("feedback", 0, build.start.date().toordinal(), 9, events=4, negatives=1)
    assert seen(build, build.serving("v3", "promotion")) == ServingSeen("v3", "promotion", "")
    assert seen(build, build.job("j1", attempt=2, outcome="failed", retryable=True)) == JobSeen("j1", 2, "failed", True, "v1")
    assert seen(build, build.tick(5)) == TickSeen(to_ms(build.start) + 5000)
    asked = build.request("start", job_id="j9", dataset_path="s3://b/k", hyperparameters=Hyperparameters(epochs=2))
    assert seen(build, asked) == RequestSeen("start", "r1", job_id="j9", dataset_path="s3://b/k", epochs=2)
    assert seen(build, asked).hyperparameters() == Hyperparameters(epochs=2)


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
