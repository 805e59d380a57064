from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.grounding.cases import GroundingCase
from bench.grounding.measure import area, claim_alone, measure, measure_by_folds

SCORES = st.lists(st.sampled_from((0.0, 0.25, 0.5, 1.0, float("nan"))), min_size=1, max_size=12)


def case(number: int, supported: bool, claim: str = "water boils") -> GroundingCase:
    """A case of an article of its own."""
    return GroundingCase(
        f"k/{number}/{supported}", "en", "k", claim, ("water boils here",), None, supported, f"article {number}", "ewt", ""
    )


PAIRS = [
    case(number, supported, f"water {'boils' if supported else 'burns'} {number}") for number in range(40) for supported in (True, False)
]


@given(SCORES, SCORES)
def test_the_area_is_the_share_of_pairs_won_with_half_of_those_tied(right: list[float], wrong: list[float]) -> None:
    """And half of those where a score is missing."""
    won = [1.0 if a > b else 0.0 if a < b else 0.5 for a in right for b in wrong]
    assert area(np.array(right), np.array(wrong)) == pytest.approx(sum(won) / len(won))


def test_a_scorer_that_knows_is_at_one_and_one_that_abstains_at_one_half() -> None:
    """With what was not scored counted; the baselines stand beside them."""
    found = measure(PAIRS, {"knows": lambda claim, *_: float("boils" in claim), "silent": lambda *_: None}, resamples=50)["k"]["en"]
    assert (found["knows"].auc, found["knows"].low, found["knows"].abstained) == (1.0, 1.0, 0)
    assert (found["silent"].auc, found["silent"].abstained, found["silent"].auc_answered) == (0.5, 80, None)
    assert found["claim_length"].ties == 1.0
    assert found["word_overlap"].auc == 1.0


def test_an_interval_holds_the_area_and_is_the_same_again() -> None:
    """The resamples are of a seed."""
    rng = np.random.default_rng(0)
    noisy = {one.id: float(one.supported) + rng.normal(0, 1) for one in PAIRS}
    by_claim = {one.claim: noisy[one.id] for one in PAIRS}
    first, again = (measure(PAIRS, {"noisy": lambda claim, *_: by_claim[claim]}, resamples=200)["k"]["en"]["noisy"] for _ in range(2))
    assert first == again
    assert first.low < first.auc < first.high
    assert first.as_json()["supported"] == 40


def test_a_half_measures_its_own_articles_alone() -> None:
    """The two halves are all cases together."""
    tuning, final = (measure(PAIRS, {}, half=half, resamples=10)["k"]["en"]["word_overlap"].supported for half in ("tuning", "final"))
    assert min(tuning, final) > 0
    assert tuning + final == 40


def test_by_folds_nothing_is_scored_by_what_was_fitted_on_its_article() -> None:
    """A scorer that knows the articles it was fitted on says nothing of the others."""

    def fit(rest: Sequence[GroundingCase]) -> object:
        known = {one.claim for one in rest}
        return lambda claim, *_: 1.0 if claim in known else None

    found = measure_by_folds(PAIRS, {"remembers": fit}, resamples=10)["k"]["en"]["remembers"]  # type: ignore[dict-item]
    assert (found.abstained, found.auc) == (80, 0.5)


def test_claims_that_give_themselves_away_are_told() -> None:
    """By words that other articles' claims of the same label have; words of their own tell nothing."""
    found = measure_by_folds(PAIRS, {"claim_alone": claim_alone}, resamples=10)["k"]["en"]["claim_alone"]
    same = [case(number, supported, f"water {number}") for number in range(40) for supported in (True, False)]
    assert found.auc == 1.0
    assert measure_by_folds(same, {"claim_alone": claim_alone}, resamples=10)["k"]["en"]["claim_alone"].auc == 0.5
