"""The passages of a conversation are found again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.conversation import with_passages
from gpu_runner.text.served_passages import served_passages

LINES = st.text(alphabet="abc ₹क़.\n", min_size=1, max_size=30).map(lambda text: " ".join(text.split("\n\n")).strip() or "x")


@given(
    st.lists(LINES.filter(lambda text: "\n\n" not in text), min_size=1, max_size=4, unique=True),
    st.sampled_from(["Who?", "[2]who", "कौन?"]),
)
def test_what_is_served_in_the_default_form_is_found(passages: list[str], question: str) -> None:
    """Whatever `with_passages` writes for a question of one line, in order."""
    assert served_passages(with_passages(question, passages)) == tuple(passages)


def test_passages_between_tags_are_found_and_instructions_are_none() -> None:
    """A system prompt beside its passages is no source, nor is what the user or the assistant says."""
    messages = [
        {"role": "system", "content": "Answer in Hindi.\n<context>\nThe fort is red.\n</context>"},
        {"role": "assistant", "content": "[1] The fort is blue.\n\nIs it?"},
        {"role": "user", "content": "The fort is green, I say. [1] and [2] are wrong. Which colour?"},
    ]
    assert served_passages(messages) == ("The fort is red.",)


def test_a_list_that_does_not_begin_with_one_is_none() -> None:
    """A footnote in brackets is no passage."""
    assert served_passages([{"role": "user", "content": "[3] See there.\n\nWhat is it?"}]) == ()
