"""A decision's reasons in plain sentences. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpu_runner.gate.decision import Guard
from gpu_runner.gate.guards import LINEAGE_START


def guard_reason(guard: Guard) -> str | None:
    """The guard in a sentence; None for one that is satisfied, which needs no reason.

    But what was lost since the lineage's start is always told: it is what no comparison with the version before shows.
    """
    since_start = guard.name.startswith(LINEAGE_START)
    if guard.state == "nothing_to_check":
        why = "the baseline is the lineage's first version" if since_start else "nothing to compare"
        if guard.items:
            why = f"{guard.items} items are too few to compare"
        return f"{guard.name}: {why}, which counts as satisfied"
    if guard.state == "missing":
        return f"{guard.name}: its items are missing, so nothing can be promoted"
    if guard.state == "too_few":
        return f"{guard.name}: too few items to compare ({guard.items}), so nothing can be promoted"
    change, latency = guard.change or 0.0, guard.name == "latency"
    if latency:
        told = f"latency: speed changed by {100 * change:+.0f} % on {guard.items} {'items' if guard.p_harm is None else 'batches'}"
    else:
        told = f"{guard.name}: changed by {points(change)} on {guard.items} items"
    if guard.state == "satisfied":
        return f"{told}, within the margin of {100 * guard.margin:.0f} points" if since_start and change < 0 else None
    if guard.state == "harmed":
        return f"{told}, significantly worse (p = {guard.p_harm or 0.0:.4f}, Holm)"
    if guard.bound is None:
        return f"{told}, beyond the margin of {100 * guard.margin:.0f} %"
    return f"{told}, at worst {points(guard.bound)} (95 %), which is beyond the margin of {100 * guard.margin:.1f} points"


def driver_reason(driver: Mapping[str, Any]) -> list[str]:
    found = driver["slice"]
    if found is None:
        return []
    words = f"; failing questions share {', '.join(driver['words'])}" if driver["words"] else ""
    return [
        f"{driver['guard']} is driven by {found['dimension']} {found['value']}: {found['worse']} of {found['items']} items got worse, "
        f"{100 * found['share_worse_elsewhere']:.1f} % elsewhere{words}"
    ]


def points(share: float) -> str:
    return f"{100 * share:+.1f} points"
