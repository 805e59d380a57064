"""Preference and KTO rows say what feedback says: the answer that was given, and what was thought of it."""

from __future__ import annotations

from typing import Any

import pytest

from gpu_runner.dataset.fields import DataError
from ops.input_files.opinion_rows import as_feedback
from producers.submissions import FeedbackSubmission

USER, FIRST, NEXT = ({"role": role, "content": content} for role, content in (("user", "Who?"), ("assistant", "She."), ("user", "When?")))
GOOD, BAD = ({"role": "assistant", "content": content} for content in ("In 1591.", "In 1687."))
SYSTEM = {"role": "system", "content": "Answer."}
WON = {"answer": "In 1591.", "how": "arena"}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": [USER, FIRST, NEXT], "chosen": "In 1591.", "rejected": "In 1687."},
        {"prompt": [USER, FIRST, NEXT], "chosen": [GOOD], "rejected": [BAD]},
        {"prompt": [USER, FIRST, NEXT], "chosen": [GOOD], "rejected": "In 1687."},
        {"chosen": [USER, FIRST, NEXT, GOOD], "rejected": [USER, FIRST, NEXT, BAD]},
        {"prompt": "Who?", "chosen": [USER, FIRST, NEXT, GOOD], "rejected": [BAD]},
        {"prompt": [USER], "chosen": [FIRST, NEXT, GOOD], "rejected": [FIRST, NEXT, BAD]},
        {"chosen": [USER, FIRST, {"from": "human", "value": "When?"}, {"from": "gpt", "value": "In 1591."}], "rejected": [BAD]},
    ],
)
def test_a_preference_is_the_rejected_answer_and_the_preferred_one(row: dict[str, Any]) -> None:
    """Texts and messages on either side, and the prompt in a field of its own or in the answers: one submission."""
    found = as_feedback(row | {"user": "u1", "language": "en"})
    assert found == {
        "user": "u1", "language": "en", "messages": [USER, FIRST, NEXT], "response": "In 1687.", "preferred": WON,
    }  # fmt: skip
    assert FeedbackSubmission.model_validate(found).preferred is not None


def test_one_question_is_no_conversation() -> None:
    """A bare question is the query, a system prompt makes it a conversation."""
    for prompt in ("When?", [NEXT]):
        found = as_feedback({"prompt": prompt, "chosen": "In 1591.", "rejected": "In 1687."})
        assert found == {"query": "When?", "response": "In 1687.", "preferred": WON}
    assert as_feedback({"prompt": [SYSTEM, NEXT], "completion": [BAD], "label": True})["messages"] == [SYSTEM, NEXT]


@pytest.mark.parametrize(("label", "thumb"), [(True, "up"), (False, "down")])
def test_a_kto_row_is_a_thumb(label: bool, thumb: str) -> None:
    """The completion is the answer, its label the thumb; the passages stay passages."""
    found = as_feedback({"prompt": "When?", "completion": "In 1687.", "label": label, "passages": [{"text": "p"}]})
    assert found == {
        "query": "When?", "response": "In 1687.", "rating": {"scale": "thumbs", "value": thumb}, "passages": [{"text": "p"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"prompt": "q", "chosen": "a"}, "field 'rejected': expected a string that is not blank, found nothing"),
        ({"chosen": "a", "rejected": "b"}, "field 'prompt': expected a string that is not blank, found nothing"),
        ({"prompt": "q", "chosen": "a", "rejected": "a"}, "field 'rejected': expected another answer than 'chosen', found the same"),
        ({"prompt": [SYSTEM], "chosen": "a", "rejected": "b"}, "field 'prompt': expected a message of role 'user', found a list"),
        ({"prompt": [USER, FIRST], "chosen": "a", "rejected": "b"}, "field 'chosen': expected an answer to a user or a tool"),
        ({"prompt": "q", "chosen": [USER, GOOD], "rejected": [BAD]}, "field 'prompt': expected messages that 'chosen' has too"),
        ({"prompt": [SYSTEM, USER], "chosen": [USER, GOOD], "rejected": [BAD]}, "field 'prompt': expected messages that 'chosen'"),
        ({"chosen": [USER, GOOD], "rejected": [NEXT, BAD]}, "field 'rejected': expected the messages of 'chosen' before its answer"),
        ({"prompt": "q", "chosen": [GOOD, USER], "rejected": "b"}, "field 'chosen': expected an answer in words at its end"),
        ({"prompt": "q", "chosen": [{"role": "judge", "content": "a"}], "rejected": "b"}, r"field 'chosen\[0\].role': expected one of"),
        ({"prompt": "q", "chosen": "a", "rejected": "b", "response": "c"}, "field 'response': expected none beside 'chosen'"),
        ({"prompt": "q", "completion": "a", "label": "good"}, "field 'label': expected true or false, found a string"),
        ({"prompt": "q", "completion": "a", "label": None}, "field 'label': expected true or false, found nothing"),
        ({"prompt": "q", "completion": "a", "label": True, "rating": {}}, "field 'rating': expected none beside 'completion'"),
    ],
)
def test_what_is_no_such_row_is_named_by_its_field(row: dict[str, Any], words: str) -> None:
    """What was expected and what kind of thing was found, without its words."""
    with pytest.raises(DataError, match=f"^{words}"):
        as_feedback(row)


def test_any_other_row_stays_as_it_is() -> None:
    """A completion without a label says nothing of the answer; what is no object is refused by the submission."""
    for row in ({"prompt": "q", "completion": "a"}, {"query": "q", "correction": "c"}, [1], None):
        assert as_feedback(row) is row
    assert as_feedback({"prompt": "q", "chosen": "a", "rejected": "b", "label": True})["label"] is True
