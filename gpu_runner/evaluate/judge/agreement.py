"""How far two raters agree: plainly, beyond chance (Cohen's kappa), and with the interval that the number of pairs allows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final

Z: Final = 1.959964  # 95 %, two sides


def agreement(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """The share of equal ratings; 0 without any."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one) if one else 0.0


def cohens_kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """Agreement beyond what the two raters' shares of each rating give by chance: 1 is perfect, 0 chance (Cohen 1960).

    Where chance alone gives full agreement (both know one rating), 0: nothing was shown.

    >>> cohens_kappa("AABB", "AABA"), cohens_kappa("AAAA", "AAAA"), cohens_kappa("", "")
    (0.5, 0.0, 0.0)
    """
    if not one:
        return 0.0
    first, second = Counter(one), Counter(other)
    chance = sum(first[rating] * second[rating] for rating in first) / len(one) ** 2
    return 0.0 if chance == 1 else (agreement(one, other) - chance) / (1 - chance)


def wilson_lower(right: float, count: int) -> float:
    """The lower 95 % bound of a share `right` of `count` (Wilson 1927); 0 of nothing.

    >>> round(wilson_lower(0.9, 100), 4), wilson_lower(0.0, 0)
    (0.8256, 0.0)
    """
    if not count:
        return 0.0
    centre = right + Z * Z / (2 * count)
    margin = Z * math.sqrt(right * (1 - right) / count + Z * Z / (4 * count * count))
    return max(0.0, (centre - margin) / (1 + Z * Z / count))
