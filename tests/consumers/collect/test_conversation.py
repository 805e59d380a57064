"""Conversations, passages and preferred answers in a sample: carried, redacted, grouped, and what a negative is worth."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.collect.conversation import FeedbackWords, texts, with_texts
from consumers.collect.decode import Received, receive
from consumers.collect.sample import Collected, collect
from consumers.wire import MessageText, PassageText, PreferredText, ReasonText, SampleOut, ToolCallText, ToolFunctionText
from schemas.conversation import GivenReason, Message, Passage, Preferred, ToolCall, ToolFunction
from schemas.events.sample_collected import LeftOut, SampleCollected

EMAIL = "ravi@example.in"
ASKED = (
    Message(role="system", content="Answer from the passages."),
    Message(role="user", content="Who built the Qutb Minar?"),
    Message(role="assistant", content="Aibak."),
    Message(role="user", content="And when?"),
)
PASSAGE = Passage(id="p1", doc_id="d1", text="The Qutb Minar was begun in 1199.", rank=1, score=0.5, cited=True)


def sampled(build: Any, event: Any, **policy: Any) -> SampleOut:
    made = build.intake_policy(**policy)
    record = build.record(event)
    received = receive(record, made)
    assert isinstance(received, Received), received
    collected = collect(received, record, "m", made)
    assert isinstance(collected, Collected), collected
    return collected.sample


class Scales:
    """Leaves every correction out for one reason, or takes its last word, and keeps what it was asked."""

    def __init__(self, verdict: LeftOut | None) -> None:
        self.verdict, self.asked = verdict, list[dict[str, Any]]()

    def __call__(self, **asked: Any) -> tuple[LeftOut | None, str]:
        self.asked.append(asked)
        return self.verdict, asked["correction"] if self.verdict else asked["correction"].split()[-1]


def test_a_conversation_arrives_as_it_was_served(build: Any) -> None:
    """Every field of a conversation is read by the contract in the sample as it was sent."""
    said = build.feedback(
        query="", messages=ASKED, passages=(PASSAGE,), turn_id="t1", user_hash="0a" * 16, comment="see above",
        preferred=Preferred(answer="In 1199.", how="arena"), reasons=(GivenReason(code="outdated", raw="पुराना"),),
    )  # fmt: skip
    found = SampleCollected.model_validate_json(msgspec.json.encode(sampled(build, said)))
    assert (found.messages, found.passages, found.turn_id, found.comment) == (ASKED, (PASSAGE,), "t1", "see above")
    assert (found.preferred, found.reasons) == (said.preferred, said.reasons)
    assert found.query == "And when?"


def test_no_text_of_a_conversation_keeps_an_identity_number(build: Any) -> None:
    """Messages, calls of tools, passages, the preferred answer, the comment, a reason's words and every name lose them."""
    call = ToolCall(id=EMAIL, function=ToolFunction(name=f"mail:{EMAIL}", arguments=f'{{"to": "{EMAIL}", "call": 9876543210}}'))
    said = build.feedback(
        query="", user_hash="0a" * 16, turn_id=EMAIL, comment=f"write to {EMAIL}",
        messages=(
            Message(role="user", content=f"I am {EMAIL}", name=EMAIL), Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", content=EMAIL, tool_call_id=EMAIL), Message(role="user", content=f"Mail {EMAIL}!"),
        ),
        passages=(Passage(id=EMAIL, doc_id=f"of-{EMAIL}", text=f"Contact: {EMAIL}"),),
        preferred=Preferred(answer=f"Ask {EMAIL}", how="edited"), reasons=(GivenReason(code="other", raw=f"\x00 {EMAIL}"),),
    )  # fmt: skip
    sample = sampled(build, said)
    assert "@" not in msgspec.json.encode(sample).decode()
    assert sample.messages[2].tool_call_id == sample.messages[1].tool_calls[0].id == "[EMAIL]"
    assert sample.messages[1].tool_calls[0].function.arguments == '{"to": "[EMAIL]", "call": "[PHONE]"}'
    assert sample.passages[0].doc_id == sampled(build, build.document(f"of-{EMAIL}")).doc_id
    assert SampleCollected.model_validate_json(msgspec.json.encode(sample)).query == "Mail [EMAIL]!"


TEXT = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=8)
NAME = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=8)
CALL = st.builds(ToolCallText, id=NAME, function=st.builds(ToolFunctionText, name=NAME, arguments=TEXT))
MESSAGE = st.builds(
    MessageText, role=st.sampled_from(["user", "assistant"]), content=st.none() | TEXT, name=st.none() | NAME,
    tool_calls=st.lists(CALL, max_size=2).map(tuple), tool_call_id=st.none() | NAME,
)  # fmt: skip
WORDS = st.builds(
    FeedbackWords, messages=st.lists(MESSAGE, max_size=3).map(tuple),
    passages=st.lists(st.builds(PassageText, text=NAME, id=st.none() | NAME, doc_id=st.none() | NAME), max_size=3).map(tuple),
    preferred=st.none() | st.builds(PreferredText, answer=NAME, how=st.just("arena")),
    reasons=st.lists(st.builds(ReasonText, code=st.just("other"), raw=st.none() | NAME), max_size=2).map(tuple),
    comment=st.none() | NAME, turn_id=st.none() | NAME,
)  # fmt: skip


@given(WORDS)
def test_texts_go_back_to_where_they_came_from(build: Any, words: FeedbackWords) -> None:
    """Taken out and put back unchanged, the words are the same; put back changed, each stands in its own place."""
    assert with_texts(words, iter(texts(words)), build.intake_policy()) == words
    nameless = [msgspec.structs.replace(passage, id=None, doc_id=None) for passage in words.passages]
    words = msgspec.structs.replace(words, passages=tuple(nameless), turn_id=None)
    numbered = [text and f"{text}{number}" for number, text in enumerate(texts(words))]
    assert texts(with_texts(words, iter(numbered), build.intake_policy())) == numbered


def test_a_follow_up_is_grouped_with_its_first_question(build: Any) -> None:
    """One follow-up in two conversations is two groups; a first question, and what names its source, are grouped as without messages."""
    other = (Message(role="user", content="Who built the Taj Mahal?"), *ASKED[2:])
    assert sampled(build, build.feedback(query="", messages=ASKED)).group == "who built the qutb minar? and when?"
    assert sampled(build, build.feedback(query="", messages=other)).group == "who built the taj mahal? and when?"
    assert sampled(build, build.feedback(query="", messages=ASKED[:2])).group == "who built the qutb minar?"
    assert sampled(build, build.feedback(query="", messages=ASKED, source_group="Delhi")).group == "delhi"
    long = (Message(role="user", content="a" * 600), *ASKED[2:])
    assert sampled(build, build.feedback(query="", messages=long)).group.endswith(" and when?")


@pytest.mark.parametrize(
    ("fields", "negative", "worth"),
    [
        ({"correction": "1199"}, True, "correction"),
        ({"correction": "1199", "preferred": Preferred(answer="In 1199.", how="arena")}, True, "correction"),
        ({"preferred": Preferred(answer="In 1199.", how="arena"), "passages": (PASSAGE,)}, True, "preference"),
        ({"stars": None, "preferred": Preferred(answer="In 1199.", how="regenerated")}, True, "preference"),
        ({"stars": 5, "preferred": Preferred(answer="In 1199.", how="edited")}, True, "preference"),
        ({"stars": 1, "passages": (PASSAGE,)}, True, "answerable"),
        ({"stars": 1}, True, "bare"),
        ({"stars": 1, "correction": "  "}, True, "bare"),
        ({"stars": 5, "passages": (PASSAGE,)}, False, None),
        ({"stars": 1, "retracted": True, "passages": (PASSAGE,)}, False, None),
    ],
)
def test_what_a_negative_is_worth(build: Any, fields: dict[str, Any], negative: bool, worth: str | None) -> None:
    """A correction is worth more than a preferred answer, that more than passages, and these more than a bare rating."""
    sample = sampled(build, build.feedback(**fields))
    assert (sample.negative, sample.negative_class) == (negative, worth)


def test_a_correction_that_is_left_out_becomes_a_comment(build: Any) -> None:
    """Its words join the comment, the class falls back, what is negative by it alone stays so; of one that is taken its answer stays."""
    scales = Scales("complaint")
    sample = sampled(build, build.feedback(stars=5, correction="गलत है", passages=(PASSAGE,), comment="no"), weigh=scales)
    assert (sample.negative, sample.negative_class, sample.left_out) == (True, "answerable", "complaint")
    assert (sample.correction, sample.comment, sample.correction_redactions) == (None, "no\nगलत है", 0)
    assert scales.asked[0]["correction"] == "गलत है"
    assert sampled(build, build.feedback(correction="No, 1199"), weigh=Scales(None)).correction == "1199"
    untouched = Scales("complaint")
    assert sampled(build, build.feedback(stars=1), weigh=untouched).left_out is None
    assert sampled(build, build.feedback(stars=1, retracted=True, correction="x"), weigh=untouched).comment is None
    assert untouched.asked == []


def test_new_words_are_other_content(build: Any) -> None:
    """Each of the fields beside rating and correction changes the hash of what was said; without them it is the former release's."""
    plain = sampled(build, build.feedback()).content
    said: list[dict[str, Any]] = [
        {"messages": ASKED}, {"passages": (PASSAGE,)}, {"turn_id": "t1", "conversation_id": "c1"}, {"comment": "no"},
        {"preferred": Preferred(answer="x", how="arena")}, {"reasons": (GivenReason(code="other"),)},
    ]  # fmt: skip
    assert len({plain, *(sampled(build, build.feedback(**fields)).content for fields in said)}) == len(said) + 1
    assert plain == "bc9c82e6c7c709ef"
