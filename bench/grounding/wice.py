"""Balanced accuracy on WiCE's development claims: five times five folds, weights and threshold from the other folds alone.

Beside it the rules of `supported`, and the claim's length. The bootstrap is paired: the same drawn claims for both, 95 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from bench.grounding.fit import Matrix, fit_cover, fit_near, matrix, traits_of, weights_of
from bench.grounding.wice_claims import LabelledClaim
from gpu_runner.text.grounding import Source, supported
from gpu_runner.text.grounding.claim_traits import COVER_TRAITS

Labels = np.ndarray[Any, np.dtype[np.bool_]]

TIMES: Final = 5
FOLDS: Final = 5
RESAMPLES: Final = 2_000
GOAL: Final = 78.0


def wice_result(claims: Sequence[LabelledClaim], of_cases: tuple[Matrix, Matrix, Matrix]) -> dict[str, Any]:
    """Percentages, and the paired difference from the rules; `of_cases` is what `near` is fitted on (`fit.near_material`)."""
    labels = np.array([claim.supported for claim in claims])
    before = np.array([supported(claim.claim, Source("\n".join(claim.sources))) is not False for claim in claims], dtype=np.float64)
    length = -np.array([len(claim.claim.split()) for claim in claims], dtype=np.float64)
    found = _by_folds(claims, labels, of_cases)
    short = np.stack([_of_length(length, labels, turn) for turn in range(TIMES)])
    rng = np.random.default_rng(0)
    mean = found.mean(axis=0)
    differences = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(claims), size=len(claims))
        differences.append(balanced(mean[drawn], labels[drawn]) - balanced(before[drawn], labels[drawn]))
    low, high = np.percentile(differences, (2.5, 97.5))
    return {
        "claims": len(claims),
        "supported": int(labels.sum()),
        "balanced_accuracy": round(float(np.mean([balanced(one, labels) for one in found])), 2),
        "of_each_time": [round(balanced(one, labels), 2) for one in found],
        "supported_kept": round(100 * float(found[:, labels].mean()), 2),
        "unsupported_caught": round(100 * float(1 - found[:, ~labels].mean()), 2),
        "goal": GOAL,
        "rules_alone": round(balanced(before, labels), 2),
        "claim_length": round(float(np.mean([balanced(one, labels) for one in short])), 2),
        "more_than_the_rules": round(float(balanced(mean, labels) - balanced(before, labels)), 2),
        "more_low": round(float(low), 2),
        "more_high": round(float(high), 2),
    }


def balanced(called_supported: Matrix, labels: Labels) -> float:
    """The mean of both shares that were right, in percent; a claim called supported in some of several turns counts by their share."""
    return float(100 * (called_supported[labels].mean() + (1 - called_supported[~labels]).mean()) / 2)


def _by_folds(claims: Sequence[LabelledClaim], labels: Labels, of_cases: tuple[Matrix, Matrix, Matrix]) -> Matrix:
    """(TIMES, claims) of 0 and 1."""
    of_cover, near, right = of_cases
    traits = [traits_of(claim.claim, claim.sources) for claim in claims]
    found = np.zeros((TIMES, len(claims)))
    for turn in range(TIMES):
        fold = _folds(labels, turn)
        for number in range(FOLDS):
            rest = np.flatnonzero(fold != number)
            single = [at for at in rest if len(traits[at]) == 1]
            cover = fit_cover(matrix([traits[at][0] for at in single], COVER_TRAITS), labels[single].astype(np.float64))
            weights = weights_of(cover, fit_near(near, cover.score(of_cover), right), {}, 0.0)
            scores = np.array([min((weights.of_claim(one) for one in of_one), default=0.0) for of_one in traits])
            border = best_border(scores[rest], labels[rest])
            held = fold == number
            found[turn, held] = scores[held] > border
    return found


def best_border(scores: Matrix, labels: Labels) -> float:
    """The border with the best balanced accuracy, averaged over its neighbours, so that no single claim decides."""
    ordered = np.unique(scores)
    borders = np.concatenate([[ordered[0] - 1], (ordered[1:] + ordered[:-1]) / 2])
    reached = np.array([balanced((scores > border).astype(np.float64), labels) for border in borders])
    smooth = np.convolve(reached, np.ones(9) / 9, "same") if len(reached) > 20 else reached
    return float(borders[int(np.argmax(smooth))])


def _of_length(length: Matrix, labels: Labels, turn: int) -> Matrix:
    fold = _folds(labels, turn)
    found = np.zeros(len(labels))
    for number in range(FOLDS):
        found[fold == number] = length[fold == number] > best_border(length[fold != number], labels[fold != number])
    return found


def _folds(labels: Labels, turn: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Each label's claims shared out evenly."""
    rng = np.random.default_rng(turn)
    fold = np.empty(len(labels), dtype=np.int64)
    for label in (False, True):
        rows = np.flatnonzero(labels == label)
        rng.shuffle(rows)
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold
