"""From a valid event to its sample."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from consumers.collect.decode import Received, receive
from consumers.collect.policy import IntakePolicy
from consumers.collect.sample import Collected, collect
from producers.errors import SubmissionError
from producers.submissions import FeedbackSubmission, prepare_feedback
from schemas import topics
from schemas.events.sample_collected import SampleCollected
from schemas.holdout import is_holdout


def taken(build: Any, event: Any, policy: IntakePolicy | None = None) -> Collected:
    policy = policy or build.intake_policy()
    record = build.record(event, partition=2, offset=7)
    received = receive(record, policy)
    assert isinstance(received, Received), received
    collected = collect(received, record, received.model or policy.default_model, policy)
    assert isinstance(collected, Collected), collected
    return collected


@pytest.mark.parametrize(
    ("fields", "negative"),
    [
        ({"stars": 1}, True),
        ({"stars": 2.9}, True),
        ({"stars": 3}, False),
        ({"stars": 5}, False),
        ({"stars": 5, "correction": "आगरा"}, True),
        ({"stars": None, "correction": "आगरा"}, True),
        ({"stars": 5, "correction": "  "}, False),
        ({"stars": 1, "retracted": True}, False),
    ],
)
def test_negative_rule(build: Any, fields: dict[str, Any], negative: bool) -> None:
    """Feedback is negative below 3 of 5 or with a correction, never when retracted."""
    assert taken(build, build.feedback(**fields)).sample.negative is negative


def test_sample_keeps_provenance_and_identity(build: Any) -> None:
    """A sample says which record it was made of, and its id is the hash of source and feedback id."""
    sample = taken(build, build.feedback("f9")).sample
    assert (sample.provenance.topic, sample.provenance.partition, sample.provenance.offset) == (topics.FEEDBACK_SUBMITTED, 2, 7)
    assert sample.sample_id == hashlib.sha256(b"feedback\nchat\n\nf9").hexdigest()
    assert sample.occurred_at == "2026-11-23T04:00:00Z"


def test_document_sample(build: Any) -> None:
    """A document becomes a sample of its text, title and hash, in the group that it names."""
    sample = taken(build, build.document("d7", title="ताजमहल", source_group="Taj  Mahal", version=4)).sample
    assert (sample.kind, sample.revision, sample.group, sample.negative) == ("document", 4, "taj mahal", False)
    assert sample.text == "ताजमहल आगरा में है।"
    assert sample.content_sha256 == hashlib.sha256(sample.text.encode()).hexdigest()


def test_document_by_reference(build: Any) -> None:
    """A document in the object store keeps its reference and has no text."""
    event = build.document("d8").model_copy(update={"text": None, "uri": "s3://documents/d8.txt"})
    sample = taken(build, event).sample
    assert (sample.text, sample.uri, sample.group) == (None, "s3://documents/d8.txt", "d8")


def test_group_falls_back_to_the_query(build: Any) -> None:
    """Feedback without a source group is grouped by its normalised query."""
    assert taken(build, build.feedback(query="  Where IS\tit? ")).sample.group == "where is it?"
    assert taken(build, build.feedback(query="x", source_group=" \t ")).sample.group == "x"


def test_retraction_carries_no_words(build: Any) -> None:
    """The sample of a retraction has no text, and a group even where nothing names one."""
    event = build.feedback(revision=1, retracted=True, query="", response="secret", correction="secret")
    sample = taken(build, event).sample
    assert (sample.query, sample.response, sample.correction, sample.group) == ("", "", None, "-")


@given(group=st.text(min_size=1, max_size=30).filter(lambda text: "\x00" not in text and text.strip() != ""))
def test_holdout_groups_are_quarantined(build: Any, group: str) -> None:
    """A sample is quarantined exactly when its group belongs to the holdout, feedback and documents alike."""
    policy = build.intake_policy(holdout_percent=50)
    expected = "holdout" if is_holdout(group, key=b"a key", percent=50) else None
    assert taken(build, build.feedback(source_group=group), policy).sample.quarantine == expected
    assert taken(build, build.document(source_group=group), policy).sample.quarantine == expected


def test_identity_numbers_are_taken_out(build: Any) -> None:
    """Query, response, correction, title and text lose identity numbers, and each one is counted."""
    collected = taken(build, build.feedback(query="मेरा ईमेल a@b.in", response="x@y.in?", correction="लिखें: c@d.org"))
    assert collected.redactions == 3
    assert "@" not in msgspec.json.encode(collected.sample).decode()
    document = taken(build, build.document(text="write to a@b.in", title="c@d.in"))
    assert document.redactions == 2
    assert "@" not in msgspec.json.encode(document.sample).decode()


def test_a_document_comes_from_its_publisher(build: Any) -> None:
    """The source of a document is its publisher, else its group as samples have it, without identity numbers; a NUL does no harm."""
    assert taken(build, build.document("d7", publisher="ASI", source_group="Taj")).origin == "ASI"
    assert taken(build, build.document("d7", source_group="Taj")).origin == "taj"
    assert taken(build, build.document("d7")).origin == "d7"
    assert taken(build, build.document("d7", publisher="a@b.in")).origin == "#nkfabgnngeocecom"
    poisonous = taken(build, build.document("d7", text="write to a@b.in", publisher="A\x00\x00B"))
    assert (poisonous.origin, poisonous.redactions) == ("A  B", 1)


WORDS = st.sampled_from(
    ["", " ", "a", "मंत्रालय", "a b", "a\x00", "a\x7f", "a\x85", "\ufffe", "\u2028", "a/B:C", "\u200d", "🙏", "x" * 250, "a@b.co"]
)
ANY = WORDS | st.none() | st.integers(-2, 2) | st.sampled_from([10**400, 1.5, float("nan"), True, [], {}, ["a"], [None]])
SUBMITTED = {
    "feedback_id": "f1", "revision": 1, "retracted": False, "model": "Org/M:8b", "model_version": "v1", "user": "u",
    "conversation_id": "c1", "language": "hi", "query": "q", "response": "r", "correction": "c",
    "rating": {"scale": "thumbs", "value": "up"}, "source_group": "g", "tags": ["t"], "occurred_at": "2026-11-23T04:00:00Z",
}  # fmt: skip
TIMES = st.sampled_from(["0002-01-01T00:00:00Z", "9998-12-31T23:59:59-00:01", "9999-01-01T00:00:00+00:01", "2016-12-31t23:59:60.5z"])


@given(st.dictionaries(st.sampled_from(sorted(SUBMITTED)), ANY, max_size=3), st.none() | TIMES)
def test_k6_what_the_edge_accepts_stage_1_takes(build: Any, changed: dict[str, Any], time: str | None) -> None:
    """Nothing that was answered 202 becomes a dead letter: both read names, texts, ratings and times by the same rules."""
    fields = SUBMITTED | changed | ({"occurred_at": time} if time else {})
    try:
        prepared = prepare_feedback(FeedbackSubmission.model_validate(fields), fallback_id="f", user_hash_key=b"k")
    except (ValidationError, SubmissionError):
        return
    record = build.record(prepared.event, time=prepared.occurred_at or build.start)
    received = receive(record, build.intake_policy())
    assert isinstance(received, Received), received
    collected = collect(received, record, received.model or "m", build.intake_policy())
    assert isinstance(collected, Collected), collected
    sample = collected.sample
    assert SampleCollected.model_validate_json(msgspec.json.encode(sample)).sample_id == sample.sample_id
