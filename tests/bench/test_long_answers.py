"""The set of long answers: its halves, and what is made of sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.long_answers.cases import BY_OTHERS, FINAL_EN, OWN, TUNING_EN, half_of, of_half, read
from bench.long_answers.fit import fitted_on
from bench.long_answers.generated import DATA, generated
from bench.long_answers.measure import balanced, best_threshold
from gpu_runner.evaluate.long_answers import weights
from gpu_runner.evaluate.long_answers.in_english import weights as weights_en
from gpu_runner.evaluate.long_answers.score_long import VERSION

RESULT = Path("bench/results/long-answers.json")


def test_the_halves_part_the_cases_by_question_alone() -> None:
    """Case and spaces make no difference; both halves have cases of both languages; half of the answers are right."""
    for path in BY_OTHERS:
        cases = read(path)
        assert len(of_half(cases, "tuning")) + len(of_half(cases, "final")) == len(cases)
        assert min(len(of_half(cases, half)) for half in ("tuning", "final")) >= 15
        labels = [answer.label for case in cases for answer in case.answers]
        assert 0.4 < labels.count("right") / len(labels) < 0.6
    assert half_of("Who built it?") == half_of(" who  built IT? ")


def test_the_committed_figures_beat_each_single_one() -> None:
    """By 0.05 or more in both languages, on the cases that were kept apart."""
    told = json.loads(RESULT.read_text(encoding="utf-8"))
    for language in ("en", "hi"):
        best = max(told[language]["final_of_single_figures"].values())
        assert told[language]["final"]["balanced_accuracy"] >= best + 0.05


def test_the_weights_are_of_the_committed_sets() -> None:
    """A changed set without a new fit is told; so are figures of other weights."""
    assert fitted_on((*BY_OTHERS, OWN)) == weights.FITTED_ON
    assert fitted_on() == weights_en.FITTED_ON
    assert json.loads(RESULT.read_text(encoding="utf-8"))["rule"] == VERSION


def test_no_question_of_the_final_set_was_tuned_on() -> None:
    """The final set of English has other questions than the one that the weights are of."""
    final = {case.question.casefold() for case in read(FINAL_EN)}
    assert len(final) >= 60
    assert not final & {case.question.casefold() for path in (TUNING_EN, OWN) for case in read(path)}


def test_balanced_accuracy_and_its_best_threshold() -> None:
    """Right and wrong answers count alike."""
    assert balanced([(True, True), (True, False), (False, False)]) == 0.75
    assert best_threshold([0.1, 0.4, 0.6, 0.9], [False, False, True, True]) == 0.6


@pytest.mark.process
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/xquad")
def test_generated_answers_differ_from_their_reference_where_they_are_wrong() -> None:
    """Every kind is there, and nothing is both right and wrong."""
    cases = generated("hi", "tuning", most=30)
    assert {answer.kind for case in cases for answer in case.answers} >= {"reorder", "added", "number", "entity", "negated", "role_swap"}
    for case in cases:
        assert case.rejected != case.reference
        assert all(answer.text != case.reference for answer in case.answers if answer.label == "wrong")
