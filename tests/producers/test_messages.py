"""Conversations at the edge: OpenAI's form in, texts alone out, redacted; each error by its field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from producers.errors import SubmissionError
from producers.submissions import FeedbackSubmission, TurnSubmission, prepare_feedback, prepare_turn
from runtime.http_errors import validation_details
from schemas.conversation import MESSAGE_CHARACTERS, MOST_MESSAGES, Message
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.turn_completed import TurnCompleted

NUMBER = "2341 2341 2346"
ASKED = {"role": "user", "content": "कब?"}
CALLED = {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"q": 1}'}}]}


def event(**fields: object) -> FeedbackSubmitted:
    submission = FeedbackSubmission.model_validate({"feedback_id": "f", "rating": {"scale": "thumbs", "value": "down"}, **fields})
    made = prepare_feedback(submission, fallback_id="", user_hash_key=b"k").event
    assert isinstance(made, FeedbackSubmitted)
    return made


def refused(**fields: object) -> dict[str, str]:
    """Each field that is named, with what is said of it."""
    try:
        event(**fields)
    except ValidationError as error:
        return dict(validation_details(error))
    except SubmissionError as error:
        return {error.field: str(error)}
    raise AssertionError("taken")


def test_a_conversation_of_tools_goes_on_as_it_is() -> None:
    """Roles, calls, their results and names; the question need not be said again."""
    messages = [
        {"role": "developer", "content": "Answer from the passages.\n[1] …"},
        {"role": "user", "content": "Where?", "name": "asha"},
        CALLED,
        {"role": "tool", "content": "1 document", "tool_call_id": "c1"},
        ASKED,
    ]
    said = event(messages=messages)
    assert [message.model_dump(mode="json", exclude_none=True) for message in said.messages] == messages
    assert said.query == ""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Who?", "Who?"),
        ([{"type": "text", "text": "Who?"}, {"type": "text", "text": "And when?"}], "Who?\nAnd when?"),
        ([{"type": "input_text", "text": "Who?", "cache": 1}], "Who?"),
        ("", ""),
    ],
)
def test_text_parts_are_joined_with_line_breaks(content: object, text: str) -> None:
    """Those of Chat Completions and of Responses; of a part its text is taken and nothing else."""
    assert event(query="q", messages=[{"role": "user", "content": content}]).messages[0].content == text


@pytest.mark.parametrize("passed_over", [{"annotations": [{"type": "url_citation"}]}, {"reasoning": "…"}, {"reasoning_content": {"a": 1}}])
def test_what_the_model_was_not_given_is_passed_over(passed_over: dict) -> None:
    """Annotations and a reasoning text stand beside an earlier answer, and no model sees them again."""
    made = event(messages=[{"role": "assistant", "content": "दिल्ली"} | passed_over, ASKED])
    assert made.messages[0] == Message(role="assistant", content="दिल्ली")


def test_a_message_as_openais_client_dumps_it_is_taken() -> None:
    """Fields that are null say nothing, and a refusal is what the assistant said."""
    dumped = {
        "content": "In 1591.",
        "refusal": None,
        "role": "assistant",
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
    }
    refusal = dumped | {"content": None, "refusal": "I can't say."}
    in_parts = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    streamed = {"role": "assistant", "content": None, "tool_calls": [CALLED["tool_calls"][0] | {"index": 0}]}  # type: ignore[index]
    made = event(messages=[dumped, refusal, in_parts, streamed, ASKED]).messages
    assert [message.content for message in made] == ["In 1591.", "I can't say.", "No.", None, "कब?"]
    assert made[3].tool_calls[0].id == "c1"


@pytest.mark.parametrize(
    ("message", "field", "said"),
    [
        ({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}, "messages[1].content", "part [1]"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[1].content", "part [0] has no text"),
        ({"role": "user", "content": ["a"]}, "messages[1].content", "part [0] is no text"),
        ({"role": "user", "content": []}, "messages[1].content", "at least one text part"),
        ({"role": "user", "content": 7}, "messages[1].content", "valid string"),
        ({"role": "user", "content": None}, "messages[1].content", "is absent: expected a text or text parts"),
        ({"role": "user"}, "messages[1].content", "is absent"),
        ({"role": "assistant", "content": "a", "refusal": "b"}, "messages[1].content", "stands beside refusal"),
        ({"role": "user", "content": "a" * (MESSAGE_CHARACTERS + 1)}, "messages[1].content", "at most 131072 characters"),
        ({"role": "user", "content": "a\x00b"}, "messages[1].content", "NUL"),
        ({"role": "function", "content": "a"}, "messages[1].role", "'system', 'developer', 'user', 'assistant' or 'tool'"),
        ({"content": "a"}, "messages[1].role", "required"),
        ({"role": "assistant", "audio": {"id": "a1"}}, "messages[1].audio", "send the words that were spoken"),
        ({"role": "assistant", "content": "a", "function_call": {"name": "f"}}, "messages[1].function_call", "send tool_calls"),
        ({"role": "user", "content": "a", "mood": "x"}, "messages[1].mood", "not permitted"),
        (CALLED | {"role": "user", "content": "a"}, "messages[1].tool_calls", "belong to the assistant"),
        ({"role": "assistant", "tool_calls": [{"id": "c", "type": "x", "function": {}}]}, "messages[1].tool_calls[0].type", "function"),
        ({"role": "assistant", "tool_calls": [{"id": "c", "function": {}}]}, "messages[1].tool_calls[0].function.name", "required"),
        ({"role": "tool", "content": "a", "tool_call_id": "asha@example.org"}, "messages[1].tool_call_id", "an e-mail address"),
        ("Who?", "messages[1]", "expected a JSON object"),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_taken_is_named(message: object, field: str, said: str) -> None:
    """By its number and field, with what was expected, and never with what stood there."""
    found = refused(messages=[ASKED, message])
    assert next(iter(found)) == field
    assert said in found[field]
    assert len(found[field]) < 250


def test_more_than_two_hundred_messages_are_refused() -> None:
    """By the field, not by their size on the wire."""
    assert "at most 200 items" in refused(messages=[ASKED] * (MOST_MESSAGES + 1))["messages"]
    assert len(event(messages=[ASKED] * MOST_MESSAGES).messages) == MOST_MESSAGES


def test_the_response_is_no_message_of_its_own_conversation() -> None:
    """A frontend that sends its whole log is told: the row would teach the model to answer what it has just answered."""
    found = refused(query="q", response="दिल्ली", messages=[ASKED, {"role": "assistant", "content": " दिल्ली\n"}])
    assert found == {"messages[1]": "messages[1] is the response: expected what the model was given before it"}
    assert len(event(response="दिल्ली", messages=[{"role": "assistant", "content": "दिल्ली"}, ASKED]).messages) == 2


def test_every_text_of_a_conversation_is_redacted() -> None:
    """Contents, arguments, names, passages, comment, preferred answer, raw reasons: and what was taken out is added up."""
    made = prepare_feedback(
        FeedbackSubmission.model_validate(
            {
                "feedback_id": "f", "query": f"q {NUMBER}", "comment": f"c {NUMBER}", "reasons": [f"r {NUMBER}"],
                "preferred": {"answer": f"a {NUMBER}", "how": "arena"},
                "passages": [{"id": "p1", "doc_id": "d1", "text": f"t {NUMBER}", "rank": 1, "score": 0.5, "cited": True}],
                "messages": [
                    {"role": "system", "content": f"s {NUMBER}", "name": f"n {NUMBER}"},
                    {"role": "user", "content": [{"type": "text", "text": f"u {NUMBER}"}]},
                    {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": f"f {NUMBER}", "arguments": f'"{NUMBER}"'}}]},
                    {"role": "assistant", "refusal": f"x {NUMBER}"},
                ],
            }
        ),
        fallback_id="", user_hash_key=None,
    )  # fmt: skip
    assert isinstance(made.event, FeedbackSubmitted)
    assert "2341" not in made.event.model_dump_json()
    assert made.redactions == {"aadhaar": 11}
    assert made.event.messages[2].tool_calls[0].function.arguments == '"[AADHAAR]"'

    assert made.event.preferred is not None
    assert made.event.preferred.answer == "a [AADHAAR]"
    assert made.correction_redactions == 0


def test_redacted_arguments_of_a_tool_are_json_still() -> None:
    """A number of the arguments that is taken out leaves a string in its place."""
    call = {"id": "c", "function": {"name": "f", "arguments": '{"phone": 9876543210}'}}
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [call]}, {"role": "user", "content": "q"}]
    assert event(query="q", response="r", messages=messages).messages[1].tool_calls[0].function.arguments == '{"phone": "[PHONE]"}'


def test_reasons_are_codes_beside_the_frontends_words() -> None:
    """A code alone needs no words; words that nobody knows are `other`, and are kept."""
    made = event(query="q", reasons=["incorrect", "Not factually correct", "पुरानी जानकारी", "the pictures"])
    assert [(reason.code, reason.raw) for reason in made.reasons] == [
        ("incorrect", None),
        ("incorrect", "Not factually correct"),
        ("outdated", "पुरानी जानकारी"),
        ("other", "the pictures"),
    ]
    assert "at most 200 characters" in refused(query="q", reasons=["a", "b" * 201])["reasons[1]"]


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"passages": [{"text": "a"}, {"text": ""}]}, "passages[1].text", "at least 1 character"),
        ({"passages": [{"text": "a", "url": "u"}]}, "passages[0].url", "not permitted"),
        ({"passages": [{"text": "a", "rank": 0}]}, "passages[0].rank", "greater than or equal to 1"),
        ({"passages": [{"text": "a", "doc_id": "asha@example.org"}]}, "passages[0].doc_id", "an e-mail address"),
        ({"preferred": {"answer": "a"}}, "preferred.how", "required"),
        ({"preferred": {"answer": "a", "how": "voted"}}, "preferred.how", "'arena', 'regenerated' or 'edited'"),
        ({"preferred": "a"}, "preferred", "expected a JSON object"),
        ({"comment": "a" * 8193}, "comment", "at most 8192"),
        ({"turn_id": "t"}, "turn_id", "expected one of them, the same with a turn as with its feedback"),
        ({"turn_id": "a b", "user": "u"}, "turn_id", "match pattern"),
        ({"turn_id": "asha@example.org", "user": "u"}, "turn_id", "an e-mail address"),
        ({"language": "hi_IN"}, "language", "match pattern"),
    ],
)  # fmt: skip
def test_the_other_new_fields_are_named_too(fields: dict, field: str, said: str) -> None:
    """Passages, the preferred answer, the comment, the turn's id."""
    found = refused(query="q", **fields)
    assert said in found[field]


def test_a_question_is_asked_somewhere() -> None:
    """In the query, in the last turn of the user, or in the turn that is waited for; else the error names the query."""
    assert "expected the user's question" in refused(messages=[{"role": "system", "content": "s"}])["query"]
    assert event(messages=[ASKED]).query == ""
    waits = event(turn_id="t", conversation_id="c")
    assert waits.waits_for_turn
    assert waits.key() == "c"
    assert event(turn_id="t", user="u", conversation_id="c").key() == event(query="q", user="u").key()


@pytest.mark.parametrize(
    ("given", "language"),
    [("HI", "hi"), ("EN-in", "en-in"), ("sr-Latn-RS", "sr-Latn-RS"), ("X-klingon", "x-klingon"), ("hi-Deva-IN", "hi-Deva-IN")],
)
def test_the_first_part_of_a_language_is_brought_to_lower_case(given: str, language: str) -> None:
    """Tags are the same in any case; the rest stays as it was sent, as events of before have it."""
    assert event(query="q", language=given).language == language


def turn(**fields: object) -> Any:
    return prepare_turn(TurnSubmission.model_validate({"turn_id": "t", "response": "दिल्ली", **fields}), user_hash_key=b"k", names_key=b"n")


def test_a_turn_is_keyed_as_its_feedback_is() -> None:
    """By the hash of the same user, else by the conversation; the raw user is nowhere in it."""
    made = turn(user="asha", conversation_id="c", query="कहाँ?").event
    assert isinstance(made, TurnCompleted)
    assert made.key() == event(turn_id="t", user="asha").key()
    assert "asha" not in made.model_dump_json()
    assert turn(conversation_id="c", query="q").event.key() == event(turn_id="t", conversation_id="c").key() == "c"
    assert turn(conversation_id="c", query="q").event.event_id() == turn(conversation_id="c", query="other").event.event_id() == "t"


def test_a_turn_is_redacted_and_keeps_its_figures() -> None:
    """Words as feedback's; what the serving side measured stays."""
    prepared = turn(
        user_hash="ab" * 16, messages=[{"role": "user", "content": f"u {NUMBER}"}], response=f"r {NUMBER}", query=f"q {NUMBER}",
        passages=[{"text": f"a {NUMBER}"}], tags=[NUMBER], source_group=f"g {NUMBER}", source="web", latency_ms=12.5, prompt_tokens=9,
        completion_tokens=3, language="HI", model="org/Tiny", occurred_at="2026-11-20T00:00:00Z",
    )  # fmt: skip
    made = prepared.event
    assert "2341" not in made.model_dump_json()
    assert prepared.redactions == {"aadhaar": 6}
    assert (made.latency_ms, made.prompt_tokens, made.completion_tokens, made.language, made.model) == (12.5, 9, 3, "hi", "tiny")
    assert (prepared.id, prepared.source, prepared.occurred_at.isoformat()) == ("t", "web", "2026-11-20T00:00:00+00:00")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"query": "q"}, "user"),
        ({"query": "q", "user": "u", "user_hash": "ab" * 16}, "user"),
        ({"conversation_id": "c"}, "query"),
        ({"conversation_id": "c", "query": "q", "turn_id": "asha@example.org"}, "turn_id"),
        ({"conversation_id": "c", "query": "q", "correction": "c"}, "correction"),
        ({"conversation_id": "c", "query": "q", "response": None}, "response"),
        ({"conversation_id": "c", "query": "q", "latency_ms": -1}, "latency_ms"),
        ({"conversation_id": "c", "messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    ],
)
def test_a_turn_that_cannot_be_taken_is_named(fields: dict, field: str) -> None:
    """Nobody to find it by, no question, what is feedback's alone."""
    with pytest.raises((ValidationError, SubmissionError)) as wrong:
        turn(**fields)
    error = wrong.value
    named = [error.field] if isinstance(error, SubmissionError) else [name for name, _ in validation_details(error)]
    assert named == [field]


CONTENT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=20)
MESSAGES = st.lists(
    st.builds(lambda role, content: {"role": role, "content": content}, st.sampled_from(["system", "developer", "user", "tool"]), CONTENT)
    | st.builds(lambda content: {"role": "assistant", "content": [{"type": "text", "text": content}]}, CONTENT)
    | st.just(CALLED),
    max_size=6,
)


@given(MESSAGES)
def test_a_conversation_says_the_same_when_it_is_submitted_again(messages: list[dict]) -> None:
    """What came out goes in and comes out unchanged: redaction and joining are done once."""
    once = event(query="q", messages=messages).messages
    again = event(query="q", messages=[message.model_dump() for message in once]).messages
    assert again == once
    assert [message.role for message in once] == [message["role"] for message in messages]
