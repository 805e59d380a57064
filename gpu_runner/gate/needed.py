"""How many items would settle what could not be decided. Pure."""

from __future__ import annotations

import math
from typing import Final

from gpu_runner.gate.guards import Comparison
from gpu_runner.gate.non_inferiority import Z_95, design_effect
from gpu_runner.gate.policy import Policy
from gpu_runner.gate.statistics import Z_POWER, PairedDifferences

# A set without any loss shows it at its size in 97.7 of 100 cases, so that several sets do so together.
_Z_SHOWN: Final = 2.0
MOST: Final = 1_000_000
_GROWTH: Final = 1.02


def items_to_show(policy: Policy, base_margin: float, compared: Comparison, *, floor: float = 0.0) -> int:
    """The fewest items, above those compared, with which a guard without a true loss is shown to be within its margin.

    As many items are supposed to change as did here and one more, because none at all is never certain, and to change together in groups as
    they did. `floor` is a margin that never gets smaller. MOST where even that is too few.
    """
    loss = compared.loss
    if loss is None:
        return compared.items
    changed = (sum(abs(value) for value in loss.values) + 1) / (compared.items + 2) * design_effect(loss)
    items = max(compared.items + 1, policy.min_guard_items)
    while items < MOST:
        if max(floor, policy.margin_of(base_margin, items)) * math.sqrt(items / changed) >= Z_95 + _Z_SHOWN:
            return items
        items = max(items + 1, int(items * _GROWTH))
    return MOST


def items_to_gain(policy: Policy, differences: PairedDifferences, error: float) -> int:
    """The fewest repair items with which the gain that was seen, at least the policy's margin, is found four times out of five.

    `error` is the standard error of the gain (a share) on the items that there are.
    """
    items = len(differences.values)
    gain = max(differences.mean(), policy.margin)
    spread = max(error, math.sqrt(gain / items))
    return min(MOST, max(items + 1, math.ceil(items * ((Z_95 + Z_POWER) * spread / gain) ** 2)))
