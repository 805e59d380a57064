"""Submissions: refused or turned into events, redacted and with hashed users."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from producers.errors import SubmissionError
from producers.submissions import (
    DocumentSubmission,
    FeedbackSubmission,
    derived_id,
    hash_user,
    prepare_document,
    prepare_feedback,
)
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted

KEY = b"key"


def feedback(**fields: object):
    submission = FeedbackSubmission.model_validate({"query": "q", "rating": {"scale": "thumbs", "value": "down"}, **fields})
    return prepare_feedback(submission, fallback_id="fb-fallback", user_hash_key=KEY, names_key=b"names")


def document(**fields: object):
    return prepare_document(DocumentSubmission.model_validate({"doc_id": "d1", **fields}))


def test_every_text_of_a_feedback_is_redacted() -> None:
    """Query, response, correction, group and tags; what was taken out is added up."""
    number = "2341 2341 2346"
    prepared = feedback(query=f"q {number}", response=f"r {number}", correction="a@b.co", source_group=f"g {number}", tags=["9876543210"])
    assert "2341" not in prepared.event.model_dump_json()
    assert (prepared.event.query, prepared.event.correction, prepared.event.tags) == ("q [AADHAAR]", "[EMAIL]", ("[PHONE]",))
    assert prepared.redactions == {"aadhaar": 3, "email": 1, "phone": 1}


def test_a_raw_user_becomes_its_keyed_hash() -> None:
    """The same user and key give the same hash, another key another one, and the raw id is nowhere in the event."""
    prepared = feedback(user="asha@example.org")
    assert isinstance(prepared.event, FeedbackSubmitted)
    assert prepared.event.user_hash == hash_user(KEY, "asha@example.org") != hash_user(b"other", "asha@example.org")
    assert "asha" not in prepared.event.model_dump_json()


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"user": "u", "user_hash": "ab" * 16}, "user", "expected one of them"),
        ({"feedback_id": "a@b.co"}, "feedback_id", "holds an e-mail address: expected an opaque id"),
        ({"feedback_id": "kisan@okaxis"}, "feedback_id", "holds a UPI id: expected an opaque id"),
        ({"conversation_id": "a@b.co"}, "conversation_id", "holds an e-mail address"),
    ],
)
def test_what_would_publish_a_person_is_refused(fields: dict, field: str, message: str) -> None:
    """The error names the field."""
    with pytest.raises(SubmissionError, match=message) as refused:
        feedback(**fields)
    assert refused.value.field == field


def test_without_a_key_a_raw_user_is_refused_and_a_hash_is_not() -> None:
    """The error says which variable to set."""
    submission = FeedbackSubmission.model_validate({"query": "q", "correction": "c", "user": "u"})
    with pytest.raises(SubmissionError, match="set USER_HASH_KEY"):
        prepare_feedback(submission, fallback_id="f", user_hash_key=None)
    hashed = FeedbackSubmission.model_validate({"query": "q", "correction": "c", "user_hash": "ab" * 16})
    assert prepare_feedback(hashed, fallback_id="f", user_hash_key=None).event.key() == "ab" * 16


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"colour": "red"}, ("colour",)),
        ({"rating": {"scale": "stars_1_10", "value": 7}}, ("rating", "scale")),
        ({"rating": {"scale": "thumbs", "value": "down", "score": -1}}, ("rating", "score")),
        ({"occurred_at": "2026-11-23T04:05:06"}, ("occurred_at",)),
        ({"revision": -1}, ("revision",)),
        ({"model": "नदी"}, ("model",)),
    ],
)
def test_an_unknown_or_wrong_field_is_named(fields: dict, place: tuple) -> None:
    """Unknown fields and unknown scales are refused, never guessed."""
    with pytest.raises(ValidationError) as refused:
        feedback(**fields)
    assert refused.value.errors()[0]["loc"] == place


@pytest.mark.parametrize(("name", "slug"), [("llama3.1:8b", "llama3.1-8b"), ("openai/gpt-4o", "gpt-4o"), ("GPT-4o-Mini", "gpt-4o-mini")])
def test_k6_model_names_as_people_have_them_are_mapped_to_slugs(name: str, slug: str) -> None:
    """Feedback and documents name the model as their server does; the event has the slug."""
    assert feedback(model=name).event.model == slug
    assert document(text="t", model=name).event.model == slug


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:00", 1_700_000_000, "2026-W48-1T04:05:06Z"])
def test_k6_a_time_that_is_none_is_refused_by_its_field(time: object) -> None:
    """Times outside the calendar in UTC, numbers, other forms of ISO 8601: before there is an event at all."""
    for build in (feedback, lambda **fields: document(text="t", **fields)):
        with pytest.raises(ValidationError, match="expected an RFC 3339 time") as refused:
            build(occurred_at=time)
        assert refused.value.errors()[0]["loc"] == ("occurred_at",)


@pytest.mark.parametrize("name", ["a\x7fb", "a\x85", "a\ud800", "a\ufffe", "a\x00", "a\nb"])
def test_k6_an_identifier_with_control_characters_is_refused_by_its_field(name: str) -> None:
    """It becomes an attribute of a CloudEvent, which takes none: better refused here than a dead letter later."""
    for fields in ({"feedback_id": name}, {"conversation_id": name}):
        with pytest.raises(ValidationError) as refused:
            feedback(**fields)
        assert refused.value.errors()[0]["loc"] == (*fields,)
    with pytest.raises(ValidationError):
        document(text="t", doc_id=name)


def test_a_rating_gets_its_score() -> None:
    """Two of five stars are -0.5."""
    event = feedback(rating={"scale": "stars_1_5", "value": 2}).event
    assert isinstance(event, FeedbackSubmitted)
    assert event.rating is not None
    assert event.rating.score == -0.5


def test_a_document_is_hashed_as_it_is_published() -> None:
    """The text is redacted, and the event's sha256 is of what is left; a given sha256 is checked against what came."""
    text = "दूरभाष 9876543210, सालार जंग संग्रहालय"
    prepared = document(text=text, sha256=hashlib.sha256(text.encode()).hexdigest())
    assert isinstance(prepared.event, DocumentIngested)
    assert prepared.event.text == "दूरभाष [PHONE], सालार जंग संग्रहालय"
    assert prepared.event.sha256 == hashlib.sha256(prepared.event.text.encode()).hexdigest()
    with pytest.raises(SubmissionError, match="sha256 is not that of text"):
        document(text=text, sha256="0" * 64)


def test_a_document_has_exactly_one_body() -> None:
    """Text or reference, not both and not neither; a reference needs the hash of what it points to."""
    with pytest.raises(SubmissionError, match="sha256 is absent"):
        document(uri="s3://docs/a.txt")
    for fields in ({}, {"text": "t", "uri": "s3://docs/a.txt", "sha256": hashlib.sha256(b"t").hexdigest()}):
        with pytest.raises(ValidationError, match="text and uri: expected exactly one of them"):
            document(**fields)
    assert document(uri="s3://docs/a.txt", sha256="1" * 64).event.sha256 == "1" * 64


@given(st.text(), st.text())
def test_a_derived_id_is_the_seeds(one: str, other: str) -> None:
    """The same seed gives the same id, another seed another one, and a feedback's is never a document's."""
    try:
        one.encode(), other.encode()
    except UnicodeEncodeError:
        return
    assert (derived_id("feedback", one) == derived_id("feedback", other)) == (one == other)
    assert derived_id("feedback", one) != derived_id("documents", one)
