"""What stage 1 needs of a drift baseline: the one in force for a model and an event-day, and feature rows by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Sketcher(Protocol):
    """Feature rows by one baseline, whose arrays have the sha256 `sha256`."""

    @property
    def sha256(self) -> str: ...
    def rows(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One row a document, `(d, WIDTH) int64`, the same in any batch."""
        ...


# The sketcher of a model's documents of an event-day (proleptic Gregorian ordinal); None where no baseline is in force for it.
InForce = Callable[[str, int], Sketcher | None]


def none_in_force(model: str, day: int) -> Sketcher | None:
    """No model has a baseline: documents are collected and counted, not sketched."""
    return None
