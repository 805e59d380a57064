"""Paired tests over clusters: is the mean difference of two sides above zero, when items of one source group stand or fall together.

The test flips the sign of whole clusters (exact under the null that both sides are alike, whatever the distribution): where all clusters
that changed did so by the same amount, as 0/1 items in groups of one do, that is McNemar's exact test, else Monte Carlo. The interval
resamples clusters. Each has a given seed, so the same scores give the same verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FLIPS = 9_999
RESAMPLES = 2_000
_BLOCK = 1_000  # rows of random numbers held at once: memory stays at block x clusters
Z_POWER = 0.8416  # the 80 % quantile of the normal distribution
_Z_ALPHA = 1.6449  # its 95 % quantile


@dataclass(frozen=True)
class PairedDifferences:
    """Differences of paired items (candidate minus baseline) with the cluster of each; equal lengths, at least one, all finite."""

    values: tuple[float, ...]
    clusters: tuple[str, ...]

    def sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(sum of differences, number of items) of each cluster, in the order of the cluster names."""
        names, inverse = np.unique(np.asarray(self.clusters), return_inverse=True)
        sums = np.bincount(inverse, weights=np.asarray(self.values, dtype=np.float64), minlength=len(names))
        counts = np.bincount(inverse, minlength=len(names))
        return sums.astype(np.float64), counts.astype(np.float64)

    def mean(self) -> float:
        """The mean difference over items."""
        return float(np.mean(self.values))


def sign_flip_p(differences: PairedDifferences, *, seed: int) -> float:
    """One-sided p-value of "the mean difference is above zero": the share of sign flips of clusters that reach the observed sum.

    Clusters with a sum of zero cannot tell anything and drop out. 1 where nothing differs; never below 1 / 10,000 where it is drawn.
    """
    sums, _ = differences.sums()
    sums = sums[sums != 0]
    if sums.size == 0:
        return 1.0
    if np.ptp(np.abs(sums)) < 1e-12:
        return _mcnemar_p(int(np.count_nonzero(sums > 0)), int(sums.size))
    observed = float(sums.sum())
    rng = np.random.default_rng(seed)
    reached = 0
    for start in range(0, FLIPS, _BLOCK):
        signs = rng.integers(0, 2, size=(min(_BLOCK, FLIPS - start), sums.size), dtype=np.int8) * 2.0 - 1.0
        # Equal sums reached by other orders of addition differ in the last bits; a tie counts as reached.
        reached += int(np.count_nonzero(signs @ sums >= observed - 1e-9))
    return (reached + 1) / (FLIPS + 1)


def _mcnemar_p(better: int, discordant: int) -> float:
    """The exact one-sided p-value of McNemar's test: at least `better` heads in `discordant` throws of a fair coin."""
    return float(sum(math.comb(discordant, heads) for heads in range(better, discordant + 1)) / 2**discordant)


def interval(differences: PairedDifferences, *, level: float, seed: int) -> tuple[float, float]:
    """The percentile interval of the mean difference, clusters resampled with replacement."""
    sums, counts = differences.sums()
    rng = np.random.default_rng(seed)
    means: list[NDArray[np.float64]] = []
    for start in range(0, RESAMPLES, _BLOCK):
        chosen = rng.integers(0, sums.size, size=(min(_BLOCK, RESAMPLES - start), sums.size))
        means.append(sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def detectable_effect(differences: PairedDifferences) -> float:
    """The smallest true gain that a test like this one finds four times out of five at one-sided 5 %.

    From the spread between clusters; at least five clusters must change outright, because fewer can't reach 5 % by sign flips.
    """
    clusters = differences.sums()[0].size
    if clusters < 2:
        return 1.0
    return min(1.0, max(5 / clusters, (_Z_ALPHA + Z_POWER) * standard_error(differences)))


def standard_error(differences: PairedDifferences) -> float:
    """The standard error of the mean difference, from the spread between clusters; 0 for one cluster, which has none."""
    sums, counts = differences.sums()
    clusters = sums.size
    if clusters < 2:
        return 0.0
    residual = sums - differences.mean() * counts
    return float(np.sqrt(clusters / (clusters - 1) * np.sum(residual**2)) / np.sum(counts))


def holm(p_values: Sequence[float], *, alpha: float) -> tuple[bool, ...]:
    """Which of the hypotheses Holm's step-down procedure rejects at family-wise level `alpha` (Holm 1979).

    >>> holm([0.01, 0.04, 0.03], alpha=0.05)
    (True, False, False)
    """
    rejected = [False] * len(p_values)
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        if p_values[place] > alpha / (len(p_values) - rank):
            break
        rejected[place] = True
    return tuple(rejected)
