"""What a count of false alarms says of their rate."""

from __future__ import annotations


def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a Poisson count (Garwood 1936).

    >>> [round(bound, 2) for bound in poisson_interval(0)]
    [0.0, 3.69]
    """
    from scipy.stats import chi2

    tail = (1 - level) / 2
    low = chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(1 - tail, 2 * count + 2) / 2)
