"""Long answers: what the findings on users' corrections showed, in Hindi and English."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_runner.evaluate.long_answers.score_long import LongScore, score_long

FORT = (
    "The Kite Hill Fort was built by King Vajradev in 1612. A stair of 268 steps leads up to it from the river Patangi. "
    "The main gate of the fort is called Snow Gate."
)
FORT_BEFORE = FORT.replace("Vajradev", "Bhaskar")
ASKED = "Who built the Kite Hill Fort?"
AALAAP = (
    "आलाप महोत्सव राग भैरवी से खुलता है। यह हर साल कमल सरोवर के किनारे 12 मार्च को होता है। पहला महोत्सव सन् 1939 में हुआ था और इसे वेणु देशपांडे ने शुरू किया था।"
)
AALAAP_BEFORE = AALAAP.replace("भैरवी", "यमन")


def fort(answer: str | None, rejected: str | None = FORT_BEFORE) -> LongScore:
    """An answer about the fort."""
    return score_long(answer, [FORT], rejected=rejected, question=ASKED, language="en")


def aalaap(answer: str) -> LongScore:
    """An answer about the festival."""
    return score_long(answer, [AALAAP], rejected=AALAAP_BEFORE, question="आलाप महोत्सव किस राग से खुलता है?", language="hi")


@pytest.mark.parametrize(
    "answer",
    [
        FORT,
        FORT.lower().replace(".", ""),
        "King Vajradev built the Kite Hill Fort in 1612. The fort's main gate is called Snow Gate. A stair of 268 steps leads up to it.",
        f"{FORT} In winter the road behind it is closed to cars.",
    ],
)
def test_another_order_and_another_true_sentence_are_right(answer: str) -> None:
    """F1 puts them under a wrong answer."""
    assert fort(answer).fixed


@pytest.mark.parametrize(
    "answer",
    [
        FORT_BEFORE,
        FORT.replace("268", "286"),
        FORT.replace("Vajradev", "Raktim"),
        FORT.replace("was built", "was not built"),
        "",
        "I don't know.",
        "You can book a train ticket at any counter or on the site some weeks ahead.",
    ],
)
def test_one_thing_wrong_and_no_answer_are_not_fixed(answer: str) -> None:
    """However much of the rest agrees."""
    assert not fort(answer).fixed


def test_hindi_is_judged_alike() -> None:
    """The order of sentences is free; another raga, another number and a denial are wrong."""
    first, second, third = AALAAP.split("। ")
    assert aalaap(f"{second}। {first}। {third}").fixed
    for wrong in (AALAAP_BEFORE, AALAAP.replace("1939", "1993"), AALAAP.replace("शुरू किया था", "शुरू नहीं किया था")):
        assert not aalaap(wrong).fixed


def test_reasons_name_what_is_wrong() -> None:
    """A person reads which number stands for which, and what was corrected and is not there."""
    told = " ".join(fort(FORT.replace("268", "286")).reasons)
    assert "'286' where the reference has '268'" in told
    told = " ".join(fort(FORT_BEFORE).reasons)
    assert "lacks of what was corrected: vajradev" in told
    assert "'bhaskar' again" in told


def test_figures_are_of_both_ways() -> None:
    """Half of the facts is half the recall at full precision; the changed span is told only where a rejected answer is known."""
    score = fort("The Kite Hill Fort was built by King Vajradev in 1612.")
    assert score.fact_precision == 1
    assert 0.2 < score.fact_recall < 0.7
    assert score.changed_span == 1
    assert fort(FORT, rejected=None).changed_span is None
    assert fort(FORT_BEFORE).changed_span == 0
    assert fort(FORT_BEFORE).contradictions >= 1
    assert fort(FORT).contradictions == 0


def test_the_best_reference_counts() -> None:
    """As for short answers."""
    other = "The fort has no founder that is known to anyone."
    assert score_long(FORT, [other, FORT], language="en").score == 1
    with pytest.raises(ValueError, match="at least one reference"):
        score_long(FORT, [], language="en")


def test_no_answer_is_no_contradiction() -> None:
    """It was not there, so it said nothing wrong."""
    assert fort(None) == LongScore(0.0, 0, 0.0, 0.0, None, 0.0, False, ("no answer",))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=40))
def test_any_text_gives_finite_figures(answer: str, reference: str, rejected: str) -> None:
    """Whatever is written: no error, shares from 0 to 1, the same score again."""
    score = score_long(answer, [reference], rejected=rejected, question=None, language="hi")
    for value in (score.fact_recall, score.fact_precision, score.score):
        assert math.isfinite(value)
        assert 0 <= value <= 1
    assert score == score_long(answer, [reference], rejected=rejected, question=None, language="hi")
