"""How far from independent the events of a baseline are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Runs of one user or source are short, a campaign or an hour's mood is longer.
BLOCK_LENGTHS: Final = (8, 32, 128, 512)
MIN_BLOCKS: Final = 30
# One baseline of independent events in about 500 is taken for dependent, over the four lengths; below that a real one is missed oftener.
_SIGNIFICANT_Z: Final = 3.5


def design_effect(values: NDArray[np.integer]) -> float:
    """Events that carry the evidence of one independent event: 1.0 where the baseline does not significantly say otherwise.

    `values` are the baseline's 0 and 1 in their order, `(N,)`. It is the largest ratio of the variance of block sums to that of independent
    events, over block lengths that give at least 30 blocks (Kish's design effect, measured). O(N).

    >>> independent = np.random.default_rng(1).random(20_000) < 0.1
    >>> design_effect(independent.astype(int))
    1.0
    >>> 3.5 < design_effect(np.repeat(independent[:4_000], 5).astype(int)) < 6
    True
    """
    count = values.size
    rate = (float(values.sum()) + 0.5) / (count + 1)
    spread = rate * (1 - rate)
    largest = 1.0
    for length in BLOCK_LENGTHS:
        blocks = count // length
        if blocks < MIN_BLOCKS:
            break
        sums = values[: blocks * length].reshape(blocks, length).sum(axis=1)
        ratio = float(np.mean((sums - length * rate) ** 2)) / (length * spread)
        # The variance of a squared binomial deviation: 2 as for a normal one, and its own excess.
        deviation = math.sqrt((2 + (1 - 6 * spread) / (length * spread)) / blocks)
        if ratio > 1 + _SIGNIFICANT_Z * deviation:
            largest = max(largest, ratio)
    return largest


def design_effect_of_buckets(buckets: Sequence[tuple[int, int]]) -> float:
    """The same where only buckets (events, successes) are known, in their order: from 1, 2, 4 … neighbouring ones as blocks.

    What comes in runs within a bucket shows as well: its sum is then farther from the binomial one. O(n log n).

    >>> rng = np.random.default_rng(1)
    >>> design_effect_of_buckets([(20, int(successes)) for successes in rng.binomial(20, 0.1, 100)])
    1.0
    >>> 3 < design_effect_of_buckets([(20, 20 * int(fives)) for fives in rng.binomial(1, 0.1, 100)]) < 40
    True
    """
    counts = np.array(buckets, np.float64).reshape(-1, 2)
    rate = float(counts[:, 1].sum() + 0.5) / float(counts[:, 0].sum() + 1)
    spread = rate * (1 - rate)
    largest = 1.0
    while len(counts) >= MIN_BLOCKS:
        events, successes = counts.T
        ratio = float(np.mean((successes - events * rate) ** 2 / (events * spread)))
        deviation = math.sqrt((2 + (1 - 6 * spread) / spread * float(np.mean(1 / events))) / len(counts))
        if ratio > 1 + _SIGNIFICANT_Z * deviation:
            largest = max(largest, ratio)
        counts = counts[: len(counts) // 2 * 2].reshape(-1, 2, 2).sum(axis=1)
    return largest
