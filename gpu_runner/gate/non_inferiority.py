"""Is a loss shown to be small? Tango's score test for paired shares, corrected for clusters. Pure.

Tango (1998), "Equivalence test and confidence interval for the difference in proportions for the paired-sample design", Statistics in
Medicine 17: under a supposed difference the discordant shares are estimated by maximum likelihood, so that the test holds its level with
few or no items that changed, where a bound from the observed spread would be as wide as nothing.
"""

from __future__ import annotations

import math
from typing import Final

from gpu_runner.gate.statistics import PairedDifferences

Z_95: Final = 1.6448536269514722
_STEPS: Final = 60  # of bisection: the bound is exact to 2 ** -59


def tango_z(better: float, worse: float, n: float, difference: float) -> float:
    """Tango's statistic of n pairs, of which `better` rose and `worse` fell (0/1), against a true difference from -1 to 1, not its ends.

    Fractional counts are taken as they are: a change by half a point is half a change, whose spread is then overstated, never understated.
    """
    linear = -better - worse + (2 * n - better + worse) * difference
    constant = -worse * difference * (1 - difference)
    fell = (math.sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * fell + difference * (1 - difference))
    return (better - worse - n * difference) / math.sqrt(max(variance, 1e-12))


def lower_bound(differences: PairedDifferences) -> float:
    """The one-sided lower 95 % bound of the mean difference (candidate minus baseline, from -1 to 1), clusters taken into account.

    With no change at all in n items it is -z² / (n + z²): -6.3 points of 40 items.
    """
    deff = design_effect(differences)
    better = sum(value for value in differences.values if value > 0) / deff
    worse = -sum(value for value in differences.values if value < 0) / deff
    n = len(differences.values) / deff
    low, high = -1.0, min((better - worse) / n, 1.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if tango_z(better, worse, n, middle) > Z_95:
            low = middle
        else:
            high = middle
    return low


def design_effect(differences: PairedDifferences) -> float:
    """How many times the variance of the mean is what independent items would give, at least 1 (Kish): items of a group change together."""
    sums, counts = differences.sums()
    clusters, items, mean = len(sums), len(differences.values), differences.mean()
    independent = sum((value - mean) ** 2 for value in differences.values)
    if clusters == items or clusters < 2 or independent <= 0:
        return 1.0
    between = clusters / (clusters - 1) * float(((sums - mean * counts) ** 2).sum())
    return max(1.0, between / independent)
