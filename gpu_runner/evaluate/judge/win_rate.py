"""How often one side wins, and how often it would at equal length: a judge that likes long answers makes the longer side look better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import pstdev
from typing import Final

# Keeps the fit finite where every longer answer won.
RIDGE: Final = 0.1
_STEPS: Final = 50


@dataclass(frozen=True, slots=True)
class WinRate:
    """`raw`: wins and half the ties over all pairs; `controlled`: the same at equal length; `longer`: how often the longer answer won.

    `longer` counts pairs of unequal length with a winner; 0.5 where there are none.
    """

    raw: float
    controlled: float
    longer: float
    pairs: int


def win_rate(scores: Sequence[float], longer_by: Sequence[float]) -> WinRate:
    """Of pairs: 1 a win, 0.5 a tie, 0 a loss, and by how many characters the winner's side was the longer one.

    `controlled` is sigmoid(a) of the logistic model score ~ sigmoid(a + b * tanh(length difference / its deviation)): the length term of
    AlpacaEval 2's length-controlled win rate (Dubois et al. 2024, equation 2). O(pairs).

    >>> win_rate([1, 1, 0, 0], [900, 900, -900, -900]).controlled, win_rate([], [])
    (0.5, WinRate(raw=0.5, controlled=0.5, longer=0.5, pairs=0))
    """
    if not scores:
        return WinRate(0.5, 0.5, 0.5, 0)
    deviation = pstdev(longer_by) or 1.0
    lengths = [math.tanh(one / deviation) for one in longer_by]
    decided = [score if length > 0 else 1 - score for score, length in zip(scores, lengths, strict=True) if length and score != 0.5]
    longer = sum(decided) / len(decided) if decided else 0.5
    return WinRate(sum(scores) / len(scores), _sigmoid(_intercept(scores, lengths)), longer, len(scores))


def _intercept(scores: Sequence[float], lengths: Sequence[float]) -> float:
    """The `a` of the model by Newton's method; both weights are held back by RIDGE."""
    a = b = 0.0
    for _ in range(_STEPS):
        grad_a, grad_b, aa, ab, bb = -RIDGE * a, -RIDGE * b, RIDGE, 0.0, RIDGE
        for score, length in zip(scores, lengths, strict=True):
            p = _sigmoid(a + b * length)
            weight = p * (1 - p)
            grad_a, grad_b = grad_a + score - p, grad_b + (score - p) * length
            aa, ab, bb = aa + weight, ab + weight * length, bb + weight * length * length
        determinant = aa * bb - ab * ab
        step_a, step_b = (bb * grad_a - ab * grad_b) / determinant, (aa * grad_b - ab * grad_a) / determinant
        a, b = a + step_a, b + step_b
        if abs(step_a) + abs(step_b) < 1e-10:
            break
    return a


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
