"""Near-duplicates of the holdout are found; other questions are let through."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gpu_runner.dataset.formats.squad import SquadParagraph
from gpu_runner.dataset.near_duplicates import NearDuplicates
from gpu_runner.dataset.questions.paraphrase import paraphrase
from gpu_runner.dataset.rows import Language

FORMS = [
    f"When was the {name} Museum founded?" for name in ("Rampur", "Sitapur", "Lalit", "Meghna", "Kaveri", "Narmada", "Chenab", "Jhelum")
]


@pytest.mark.parametrize("language", ["hi", "en"])
def test_xquad_rewordings_are_found_and_other_questions_are_not(
    language: Language, xquad: Callable[[str], tuple[SquadParagraph, ...]]
) -> None:
    """At least 99 % of rewordings of every tenth paragraph's questions, at most 1 % of the other paragraphs' questions."""
    read = xquad(language)
    held_out = [question for paragraph in read[::10] for question in paragraph.questions]
    others = [question for number, paragraph in enumerate(read) if number % 10 for question in paragraph.questions]
    index = NearDuplicates([(question.question, question.answers) for question in held_out], [question.question for question in others])
    paraphrased = [(wording, question.answers[0]) for question in held_out for wording in paraphrase(question.question, language)]
    found = sum(index.nearest(wording, answer) is not None for wording, answer in paraphrased)
    wrong = sum(index.nearest(question.question, question.answers[0]) is not None for question in others)
    assert found >= 0.99 * len(paraphrased)
    assert wrong <= 0.01 * len(others)


def test_the_same_form_about_another_thing_passes() -> None:
    """Two museums asked about alike are two questions, unless the answer gives the held-out one away."""
    index = NearDuplicates([(FORMS[0], ("1774",))], FORMS[1:])
    assert index.nearest(FORMS[1], "1801") is None
    assert index.nearest(f"Please tell me: {FORMS[0]}", "1801") is not None


def test_an_exact_question_is_found_whatever_the_answer() -> None:
    """Case, spacing and punctuation are no difference."""
    index = NearDuplicates([(FORMS[0], ("1774",))])
    match = index.nearest("when was the  RAMPUR museum founded", "never")
    assert match is not None
    assert match.similarity == 1.0


def test_an_empty_holdout_finds_nothing() -> None:
    """Without held-out questions everything passes."""
    assert NearDuplicates([]).nearest("Where is it?", "here") is None
