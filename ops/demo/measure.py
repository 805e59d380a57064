"""Whether an answer is right, by the same rule as the gate."""

from __future__ import annotations

from gpu_runner.evaluate.exact_match import score_answer


def exact_match(answer: str, gold: str, language: str) -> bool:
    """Exact match as the gate counts it: MLQA's normalisation with the numeric guard."""
    return score_answer(answer, (gold,), language).em_guarded == 1.0
