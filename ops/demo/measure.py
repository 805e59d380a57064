"""Whether an answer is right, by the same rule as the gate."""

from __future__ import annotations

from typing import Literal, cast

from gpu_runner.evaluate.exact_match import gate_exact_match


def exact_match(answer: str, gold: str, language: str) -> bool:
    """Exact match under the gate's normalisation."""
    return gate_exact_match(answer, (gold,), cast(Literal["hi", "en"], language)) == 1.0
