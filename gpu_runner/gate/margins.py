"""How much a set may lose: a margin that grows as the set shrinks, by the policy's table. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

# A loss of three quarters is one at any size.
LARGEST_MARGIN: Final = 0.75

# (items, factor), by rising items and falling factors: what a table of the policy holds.
Factors = Sequence[tuple[int, float]]


def margin_for(margin: float, items: int, factors: Factors) -> float:
    """The margin of a guard of so many items: the policy's figure for large sets times the table's factor, at most LARGEST_MARGIN.

    >>> [round(margin_for(0.05, items, ((40, 3.6), (100, 2.0), (300, 1.0))), 3) for items in (20, 40, 63, 100, 300, 2000)]
    [0.281, 0.18, 0.134, 0.1, 0.05, 0.05]
    """
    return min(LARGEST_MARGIN, margin * _factor(items, factors))


def _factor(items: int, factors: Factors) -> float:
    """Between two rows of the table on a line of logarithms, as a bound shrinks; below the first on along its line, above the last flat."""
    items = max(items, 1)
    if items >= factors[-1][0] or len(factors) == 1:
        return factors[-1][1] if items >= factors[-1][0] else factors[0][1]
    place = max((at for at, (least, _) in enumerate(factors[:-1]) if least <= items), default=0)
    (few, high), (many, low) = factors[place], factors[place + 1]
    share = math.log(items / few) / math.log(many / few)
    return math.exp(math.log(high) + share * (math.log(low) - math.log(high)))
