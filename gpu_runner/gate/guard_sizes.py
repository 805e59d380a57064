"""What the guards of a model will stand on, known from the day it is bootstrapped: items and groups of each, and what to do about too few.

Which groups are held out is decided by the keyed hash alone, for ever. So a bootstrap can't choose them; it can say what the key gives,
and with which percentage the same hash gives enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gpu_runner.dataset.evaluation_items import MOST_ITEMS_OF_A_SET, assemble
from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.gate.guards import KEPT_SETS
from gpu_runner.gate.policy import Policy
from gpu_runner.text.script import dominant_script
from schemas.holdout import is_holdout, normalise_group

# With fewer groups the loss of one is beyond every usual margin, so that chance decides about a promotion.
FEW_GROUPS: Final = 10
MOST_PERCENT: Final = 50


@dataclass(frozen=True, slots=True)
class GuardSize:
    """A guard's items and the source groups that they are of; `least` items are needed."""

    name: str
    items: int
    groups: int
    least: int

    def short(self) -> bool:
        """Whether the gate must refuse every candidate for want of items."""
        return self.items < self.least

    def as_dict(self) -> dict[str, str | int]:
        """For the record."""
        return {"name": self.name, "items": self.items, "groups": self.groups, "least": self.least}


def guard_sizes(policy: Policy, items: Sequence[EvaluationItem], *, seed: int) -> tuple[GuardSize, ...]:
    """The guards with a minimum, on the items of a model that a job will ask (a job asks at most 300 of a set)."""
    asked = assemble((), items, cap=MOST_ITEMS_OF_A_SET, seed=seed, dropped=Counter())
    found: list[GuardSize] = []
    for name in policy.guards:
        if name in KEPT_SETS:
            found.append(_size(name, [item for item in asked if item.set == name], policy))
        elif name == "languages":
            kept = [item for item in asked if item.set in KEPT_SETS]
            found += [_size(f"language {tag}", [item for item in kept if item.language == tag], policy) for tag in policy.languages]
        elif name == "script":
            found.append(_size(name, [item for item in asked if any(map(dominant_script, item.answers))], policy))
    return tuple(found)


def sizes_sentence(sizes: Sequence[GuardSize]) -> str:
    """The figures in one sentence."""
    each = ", ".join(f"{size.name} {size.items} items of {size.groups} groups" for size in sizes)
    return f"the gate's guards stand on: {each}; at least {max((size.least for size in sizes), default=0)} items are needed of each"


def advice(
    policy: Policy, items: Sequence[EvaluationItem], sizes: Sequence[GuardSize], *, key: bytes, percent: int, seed: int
) -> list[str]:
    """What is too small to pass, or so small that chance decides, and what to do; nothing where all is well."""
    out = []
    short = {size.name: size for size in sizes if size.short()}
    few = [size for size in sizes if size.name in KEPT_SETS and not size.short() and size.groups < FEW_GROUPS]
    better = _better_percent(policy, items, key=key, percent=percent, seed=seed) if few or short.keys() & set(KEPT_SETS) else None
    remedy = f"HOLDOUT_PERCENT={better} gives enough of both with this key" if better else "add evaluation items of other groups"
    for size in short.values():
        what = f"{size.name} has {size.items} items of {size.groups} groups, {size.least} are needed: nothing can be promoted"
        if size.name in KEPT_SETS:
            out.append(f"{what}; {remedy}")
        elif size.name == "script":
            out.append(f"{what}; add evaluation items whose answers are words, or leave script out of the policy's guards")
        else:
            out.append(f"{what}; add evaluation items in that language, or leave it out of the policy's languages")
    for size in few:
        share = 100 / max(size.groups, 1)
        out.append(f"{size.name} stands on {size.groups} groups alone: the loss of one is about {share:.0f} points; {remedy}")
    if short:
        out.append("no training will be started: bootstrap again under another --model name once this is settled")
    return out


def _size(name: str, items: Sequence[EvaluationItem], policy: Policy) -> GuardSize:
    return GuardSize(name, len(items), len({normalise_group(item.group) for item in items}), policy.min_guard_items)


def _better_percent(policy: Policy, items: Sequence[EvaluationItem], *, key: bytes, percent: int, seed: int) -> int | None:
    """The percentage nearest to the present one at which the same key gives holdout and old facts enough items and groups."""
    for other in sorted(range(1, MOST_PERCENT + 1), key=lambda other: abs(other - percent)):
        assigned = [replace(item, set="holdout" if is_holdout(item.group, key=key, percent=other) else "old_facts") for item in items]
        sizes = [size for size in guard_sizes(policy, assigned, seed=seed) if size.name in KEPT_SETS]
        if all(not size.short() and size.groups >= FEW_GROUPS for size in sizes):
            return other
    return None
