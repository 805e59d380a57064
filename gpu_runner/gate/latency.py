"""Is the candidate slower: the same work done by both sides in turn, and what may be chance left to chance. Pure.

A unit is one batch of the same prompts with the same number of new tokens, so that nothing but the model differs. Each side does all
units several times, in turn with the other. Noise of a machine only ever adds time, so the fastest pass of a unit is the best estimate;
as harm counts only what even the candidate's fastest pass loses against the baseline's slowest one: one disturbance of a machine, however
long, can't lie over all passes of one side and none of the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

# Fewer units than this can't reach 1 % under Holm among ten guards, whatever they say: 2 ** -10 is 0.1 %.
FEWEST_UNITS = 10


@dataclass(frozen=True)
class PairedTimings:
    """Milliseconds of each unit in each pass of a side; every pass has all units in one order, every value is above 0."""

    baseline: tuple[tuple[float, ...], ...]
    candidate: tuple[tuple[float, ...], ...]

    def units(self) -> int:
        """How many batches were timed."""
        return len(self.baseline[0])

    def noise(self) -> float:
        """How far one side's own passes lie apart, as a logarithm: the median over units, of the side where it is larger.

        >>> round(math.expm1(Timings(((10.0, 10.0), (12.0, 12.0)), ((9.0, 9.0),)).noise()), 3)
        0.2
        """
        spreads = []
        for passes in (self.baseline, self.candidate):
            spreads.append(median(math.log(max(unit)) - math.log(min(unit)) for unit in zip(*passes, strict=True)))
        return max(spreads)

    def slowdown(self) -> float:
        """The logarithm of the candidate's time over the baseline's, above 0 where it is slower: median over units of fastest passes."""
        units = zip(zip(*self.baseline, strict=True), zip(*self.candidate, strict=True), strict=True)
        return median(math.log(min(after)) - math.log(min(before)) for before, after in units)

    def losses(self, margin: float) -> tuple[float, ...]:
        """For each unit, by how much (as a logarithm) its slowdown is certain and beyond both the margin and the noise floor."""
        allowed = max(math.log1p(margin), self.noise())
        units = zip(zip(*self.baseline, strict=True), zip(*self.candidate, strict=True), strict=True)
        return tuple(math.log(min(after)) - math.log(max(before)) - allowed for before, after in units)
