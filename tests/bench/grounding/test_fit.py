"""The fit of the verdict's weights and the measures over them, in short."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.drift.streams.pools import DataAbsent
from bench.grounding.__main__ import missed, scorer
from bench.grounding.cases import cases
from bench.grounding.fit import fit_cover, fit_near
from bench.grounding.foreign_names import foreign_names
from bench.grounding.measure import measure
from bench.grounding.wice import balanced, best_border
from gpu_runner.text.grounding.differences import TRAITS
from gpu_runner.text.grounding.weights import fitted


def test_a_difference_never_speaks_for_a_claim() -> None:
    """Where chance would praise a difference its weight is 0; a harmful one has a negative weight, nearness a positive."""
    rng = np.random.default_rng(0)
    near = rng.random((400, len(TRAITS)))
    supported = (near[:, TRAITS.index("near")] + near[:, TRAITS.index("added")] > 2 * near[:, TRAITS.index("denied")]).astype(np.float64)
    weights = dict(zip(TRAITS, fit_near(near, np.zeros(400), supported), strict=True))
    assert weights["near"] > 0 > weights["denied"]
    assert weights["added"] == 0


def test_the_border_of_cover_is_that_of_the_balanced_accuracy() -> None:
    """With a tenth supported, 0 still parts the classes in their middle."""
    supported = np.array([1.0] * 40 + [0.0] * 360)
    traits = np.stack([1 - supported, np.zeros(400), np.zeros(400)], axis=1) + np.random.default_rng(0).normal(0, 0.2, (400, 3))
    cover = fit_cover(traits, supported)
    assert cover.weights[0] < 0
    assert balanced((cover.score(traits) > 0).astype(np.float64), supported == 1) > 97


def test_no_single_claim_decides_the_border() -> None:
    """The best border over noise lies where its neighbours are good too."""
    scores = np.arange(100.0)
    labels = scores >= 60
    labels[20] = True
    assert 55 <= best_border(scores, labels) <= 65


def test_a_missed_goal_is_named() -> None:
    """By kind and language, and both goals of WiCE."""
    of = {"hi": {"goal": 0.9, "verdict": {"auc": 0.8}}, "en": {"goal": 0.9, "verdict": {"auc": 0.9}}}
    told: dict[str, Any] = {
        "final_half": {"units": of},
        "same_paragraph_by_folds": of,
        "wice": {"balanced_accuracy": 77.9, "goal": 78.0, "more_low": 0.0},
    }
    assert missed(told) == ["units hi", "same_paragraph by folds hi", "wice", "wice over the rules"]


@pytest.mark.process
@pytest.mark.parametrize(("kind", "least"), [("number_elsewhere", 0.93), ("same_paragraph", 0.84), ("foreign_name", 0.85)])
def test_the_committed_weights_reach_the_final_half(kind: str, least: float) -> None:
    """A short form of `make bench-grounding`: 200 Hindi cases of articles that nothing was fitted on."""
    try:
        found = foreign_names("final", "hi") if kind == "foreign_name" else cases(0, (kind,), ("hi",))
    except DataAbsent as absent:
        pytest.skip(str(absent))
    found = [case for case in found if case.split == "final"]
    of = measure(found[:200], {"verdict": scorer(fitted())}, resamples=10)
    assert of[kind]["hi"]["verdict"].auc >= least
