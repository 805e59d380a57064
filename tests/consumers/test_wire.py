"""The hot path's structs against the contract: the same events are taken, and what is written is read by `schemas`."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import schemas
from consumers.collect.collector import Collector
from consumers.collect.decode import Received, receive
from consumers.collect.decode_turn import ReceivedTurn, receive_turn
from consumers.records import InputRecord
from consumers.wire import (
    FeedbackIn,
    JournalEntryOut,
    JournalOut,
    MessageText,
    PassageText,
    PreferredText,
    RatingIn,
    ReasonText,
    SampleIn,
    SampleOut,
    SummaryOut,
    ToolCallText,
    ToolFunctionText,
    TurnIn,
)
from schemas import topics
from schemas.conversation import GivenReason, Message, Passage, Preferred, ToolCall, ToolFunction
from schemas.envelope import event_type
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.events.trigger_journal import JournalEntry, TriggerJournal
from schemas.events.turn_completed import TurnCompleted
from schemas.model_name import model_slug
from schemas.rating import Rating

FOLDER = Path(schemas.__file__).parent / "json"
SCHEMAS = {
    topic: jsonschema.Draft202012Validator(json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8")))
    for topic in (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED)
}

ODD_TEXT = st.sampled_from(
    ["", " ", "a b", "a\nb", "\x00", "a\x00", "ताजमहल", "क\u200dष", "x" * 101, "y" * 201, "z" * 501, "A", "-a", "a\u00a0b"]
)
ODD = st.one_of(st.none(), st.integers(-2, 2_000_000), st.booleans(), st.just([]), st.just({}), st.just(10**400), ODD_TEXT)
HASHES = st.sampled_from(["0" * 32, "ab" * 32, "0" * 31, "A" * 32, "0" * 65, "0" * 32 + "\n"])
RATING = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"scale": st.sampled_from(["stars_1_5", "thumbs", "unit_interval", "signed_unit", "smileys"])},
        optional={
            "value": st.sampled_from([1, 2.5, 5, 6, 0, -1, True, "up", "down", "sideways", 10**400, None]),
            "score": st.sampled_from([None, -1.0, 0.0, 1, 1.5, -0.25, "1"]),
        },
    ),
    ODD,
)
CONTENT = st.sampled_from(["कब?", "", " ", "a\x00", None, 1]) | st.just("x").map(lambda text: text * 140_000)
CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["c1", "", "c\x00"]),
            "function": st.sampled_from([{"name": "look"}, {"name": ""}, {"name": "a", "arguments": "{}"}]),
        },
        optional={"type": st.sampled_from(["function", "other"])},
    ),
    max_size=2,
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "user", "assistant", "tool", "narrator"])},
    optional={"content": CONTENT, "name": ODD_TEXT | st.none(), "tool_calls": CALLS, "tool_call_id": ODD_TEXT | st.none(), "unknown": ODD},
)
PASSAGE = st.fixed_dictionaries(
    {"text": st.sampled_from(["Ashoka built it.", "", "a\x00"])},
    optional={
        "id": ODD_TEXT | st.none(), "doc_id": ODD_TEXT | st.none(), "rank": st.sampled_from([1, 0, 10_001, None, "1"]),
        "score": st.sampled_from([0.5, -1, None, "1"]), "cited": st.sampled_from([True, False, None, 1]),
    },
)  # fmt: skip
MESSAGES = st.one_of(st.lists(MESSAGE, max_size=3), st.just([{"role": "user", "content": "कब?"}] * 201), ODD)
PASSAGES = st.one_of(st.lists(PASSAGE, max_size=2), st.just([{"text": "a"}] * 101), ODD)
CONVERSED = {
    "messages": MESSAGES,
    "passages": PASSAGES,
}
WORDS = CONVERSED | {
    "turn_id": st.one_of(st.just("t1"), ODD_TEXT, st.none()),
    "preferred": st.one_of(
        st.fixed_dictionaries({"answer": ODD_TEXT, "how": st.sampled_from(["arena", "regenerated", "edited", "liked"])}), st.none(), ODD
    ),
    "reasons": st.one_of(
        st.lists(
            st.fixed_dictionaries(
                {"code": st.sampled_from(["incorrect", "other", "ugly"])},
                optional={"raw": st.sampled_from(["गलत", "", "a\x00", "x" * 201, None])},
            ),
            max_size=2,
        ),
        st.just([{"code": "other"}] * 21),
    ),
    "comment": st.sampled_from(["see above", "", "a\x00", None, "x" * 8_193]),
}
EVENT = st.fixed_dictionaries(
    {},
    optional=WORDS
    | {
        "feedback_id": st.one_of(st.just("f1"), ODD_TEXT, ODD),
        "revision": st.one_of(st.integers(0, 3), st.sampled_from([-1, 1_000_001, "1", None])),
        "retracted": st.one_of(st.booleans(), st.sampled_from([None, "true", 1])),
        "model": st.one_of(st.sampled_from(["m", "Model", "m/n"]), ODD_TEXT),
        "model_version": st.one_of(st.sampled_from(["v0", ".v"]), ODD_TEXT),
        "user_hash": st.one_of(HASHES, st.none()),
        "conversation_id": st.one_of(st.just("c1"), ODD_TEXT, st.none()),
        "language": st.sampled_from(
            ["hi", "en-IN", "e", "hin-Deva-IN", "hi-x", "sr-Latn-RS", "x-a", "hi-u-nu-deva", "hi" + "-abcdefgh" * 5, None, ""]
        ),
        "query": st.one_of(st.just("कब?"), ODD_TEXT, ODD),
        "response": st.one_of(st.just("1894"), ODD_TEXT),
        "correction": st.one_of(st.just("1895"), ODD_TEXT, st.none()),
        "rating": RATING,
        "source_group": st.one_of(st.just("taj"), ODD_TEXT, st.none()),
        "tags": st.one_of(st.lists(ODD_TEXT, max_size=21), ODD),
        "unknown": ODD,
    },
)
# Mostly whole, so that the rest is reached.
WHOLE = st.fixed_dictionaries(
    {"feedback_id": st.just("f1"), "response": st.sampled_from(["1894", "", " "])},
    optional=WORDS
    | {
        "query": st.sampled_from(["कब?", " "]),
        "correction": st.just("1895"),
        "user_hash": st.just("0" * 32),
        "conversation_id": st.just("c1"),
        "retracted": st.booleans(),
        "rating": st.just({"scale": "thumbs", "value": "down"}),
    },
)
TURN = st.fixed_dictionaries(
    {"turn_id": st.one_of(st.just("t1"), ODD_TEXT)},
    optional=CONVERSED
    | {
        "response": st.one_of(st.just("1894"), st.just(""), ODD_TEXT),
        "model": st.one_of(st.sampled_from(["m", "Model", "m/n"]), ODD_TEXT),
        "model_version": st.one_of(st.sampled_from(["v0", ".v"]), ODD_TEXT),
        "user_hash": st.one_of(HASHES, st.none()),
        "conversation_id": st.one_of(st.just("c1"), ODD_TEXT, st.none()),
        "language": st.sampled_from(["hi", "en-IN", "e", None, ""]),
        "query": st.one_of(st.just("कब?"), ODD_TEXT, ODD),
        "source_group": st.one_of(st.just("taj"), ODD_TEXT, st.none()),
        "latency_ms": st.sampled_from([1, 0.5, -1, 90_000_000, "1", None]),
        "prompt_tokens": st.sampled_from([1, -1, 0.5, None]),
        "completion_tokens": st.sampled_from([1, -1, True, None]),
        "tags": st.one_of(st.lists(ODD_TEXT, max_size=21), ODD),
    },
)  # fmt: skip


def headers(topic: str) -> tuple[tuple[str, bytes | None], ...]:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"f1:0"),
        ("ce_source", b"chat"),
        ("ce_type", event_type(topic).encode()),
        ("ce_time", b"2026-11-23T04:00:00Z"),
        ("content-type", b"application/json"),
    )


def is_contract(event: dict[str, Any], model: type[FeedbackSubmitted | TurnCompleted]) -> bool:
    """Whether the JSON Schema and the model take an event: the model alone would also read "1" as a number.

    A score is what a reader may rely on, and what it makes itself where a producer left it out. A model's slug is the contract's, and
    what a reader makes of its name.
    """
    if isinstance(event.get("model"), str):
        with suppress(ValueError):
            event = event | {"model": model_slug(event["model"])}
    rating = event.get("rating")
    scored = event
    if isinstance(rating, dict) and rating.get("score") is None:
        scored = event | {"rating": rating | {"score": 0}}
    if not SCHEMAS[model.TOPIC].is_valid(scored):
        return False
    try:
        model.model_validate_json(json.dumps(event))
    except ValidationError:
        return False
    return True


@pytest.mark.process
@settings(max_examples=1500)
@given(EVENT | WHOLE)
def test_stage_1_takes_what_the_contract_takes(build: Any, event: dict[str, Any]) -> None:
    """An event is accepted by the hot path exactly when the contract accepts it."""
    topic = topics.FEEDBACK_SUBMITTED
    record = InputRecord(topic, 0, 0, b"k", json.dumps(event).encode(), headers(topic), 0)
    found = receive(record, build.intake_policy(max_feedback_bytes=10**6))
    assert isinstance(found, Received) == is_contract(event, FeedbackSubmitted), found
    if isinstance(found, Received):
        assert bool(found.turn) == FeedbackSubmitted.model_validate_json(json.dumps(event)).waits_for_turn


@pytest.mark.process
@settings(max_examples=1000)
@given(TURN)
def test_stage_1_takes_the_turns_that_the_contract_takes(build: Any, event: dict[str, Any]) -> None:
    """A turn is accepted by the hot path exactly when the contract accepts it."""
    topic = topics.TURN_COMPLETED
    record = InputRecord(topic, 0, 0, b"k", json.dumps(event).encode(), headers(topic), 0)
    found = receive_turn(record, build.intake_policy(max_turn_bytes=10**6))
    assert isinstance(found, ReceivedTurn) == is_contract(event, TurnCompleted), found


@pytest.mark.parametrize(
    ("struct", "model"),
    [
        (FeedbackIn, FeedbackSubmitted),
        (RatingIn, Rating),
        (TurnIn, TurnCompleted),
        (MessageText, Message),
        (PassageText, Passage),
        (PreferredText, Preferred),
        (ReasonText, GivenReason),
        (ToolCallText, ToolCall),
        (ToolFunctionText, ToolFunction),
        (SampleOut, SampleCollected),
        (SummaryOut, SignalSummarised),
        (JournalOut, TriggerJournal),
        (JournalEntryOut, JournalEntry),
    ],
)
def test_structs_have_the_fields_of_the_contract(struct: type[msgspec.Struct], model: type[BaseModel]) -> None:
    """A field that the contract gains or loses shows here."""
    assert set(struct.__struct_fields__) == set(model.model_fields)


def test_stage_2_reads_fields_that_exist() -> None:
    """Stage 2 reads a part of a sample, under the names of the contract."""
    assert set(SampleIn.__struct_fields__) < set(SampleCollected.model_fields)


def test_samples_are_read_by_the_contract(build: Any) -> None:
    """Every field of a sample arrives at a reader of the contract as it was made."""
    said = build.feedback(
        "f", stars=2, correction="आगरा", model_version="v3", user_hash="0a" * 16, conversation_id="c", language="hi", source_group="taj"
    )
    effects = Collector(5, build.intake_policy()).process([build.record(said, partition=5, offset=9)])
    (sample,) = build.emitted(effects, SampleCollected)
    assert sample == SampleCollected(
        sample_id=sample.sample_id, kind="feedback", revision=0, model=build.model, occurred_at=build.start, source="chat",
        provenance={"topic": topics.FEEDBACK_SUBMITTED, "partition": 5, "offset": 9}, group="taj", language="hi", negative=True,
        model_version="v3", user_hash="0a" * 16, conversation_id="c", query=said.query, response=said.response, correction="आगरा",
        score=-0.5, content=sample.content, negative_class="correction",
    )  # fmt: skip
    assert sample.content
    document = build.document("d", title="ताज", language="hi")
    (sample,) = build.emitted(Collector(0, build.intake_policy()).process([build.record(document)]), SampleCollected)
    assert (sample.kind, sample.doc_id, sample.title, sample.text) == ("document", "d", "ताज", document.text)
    assert sample.content_sha256 == document.sha256
