"""Harm planted in one slice of 300 items: is it what the gate names first?"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from gpu_runner.gate.rows import decide_rows

ITEMS: Final = 300
VALUES: Final = {"topic": 12, "kind": 5, "language": 2}
HARM: Final = 0.2
_KNOWN: Final = 0.8
_NAMES: Final = {"language": ("en", "hi")}


def share_named(dimension: str, changing: float, runs: int, seed: int) -> float:
    """How often a slice of `dimension` that lost 20 points is the driver's first, among slices of all three dimensions."""
    rng = np.random.default_rng(seed)
    named = 0
    for _ in range(runs):
        baseline, candidate, planted = _drawn(dimension, changing, rng)
        driver = decide_rows(None, baseline, candidate).driver
        found = None if driver is None else driver["slice"]
        named += found is not None and (found["dimension"], found["value"]) == (dimension, planted)
    return named / runs


def _drawn(dimension: str, changing: float, rng: np.random.Generator) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    labels = {name: rng.permutation(np.arange(ITEMS) % count) for name, count in VALUES.items()}
    planted = int(rng.integers(0, VALUES[dimension]))
    before = rng.random(ITEMS) < _KNOWN
    drawn = rng.random(ITEMS)
    after = np.where(before, drawn >= changing / 2 / _KNOWN, drawn < changing / 2 / (1 - _KNOWN))
    inside = labels[dimension] == planted
    lost = inside & after & (rng.random(ITEMS) < HARM / max(float(after[inside].mean()), HARM))
    after = after & ~lost
    baseline: list[dict[str, Any]] = []
    candidate: list[dict[str, Any]] = []
    for place in range(ITEMS):
        said = {name: _NAMES.get(name, tuple(f"{name}{n}" for n in range(12)))[labels[name][place]] for name in VALUES}
        row = {"id": str(place), "group": str(place), "set": "holdout"} | said
        for rows, right in ((baseline, before), (candidate, after)):
            rows.append(row | {"metrics": {"fixed": bool(right[place])}})
    return baseline, candidate, _NAMES.get(dimension, tuple(f"{dimension}{n}" for n in range(12)))[planted]
