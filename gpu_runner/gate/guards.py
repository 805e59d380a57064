"""The guards that a policy lists, and how each compares the two sides. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from gpu_runner.gate.latency import FEWEST_UNITS
from gpu_runner.gate.policy import Policy
from gpu_runner.gate.scores import Evidence, UnusableScores
from gpu_runner.gate.statistics import PairedDifferences

# What a model keeps of what it knew before it learnt anything: the items of its bootstrap.
KEPT_SETS: Final = ("holdout", "old_facts")
LINEAGE_START: Final = "lineage_start"

Item = Mapping[str, Any]
Covers = Callable[[Item], bool]
Value = Callable[[Mapping[str, Any]], float]


@dataclass(frozen=True)
class Comparison:
    """One guard's two sides. `change` is candidate minus baseline, below zero where it is worse, in shares (of speed, for latency).

    `loss` is above zero where the guard counts harm; None where no independent units are known, so that nothing can be significant.
    """

    change: float
    within: bool
    loss: PairedDifferences | None
    items: int


Compare = Callable[[Evidence], Comparison | None]


@dataclass(frozen=True)
class Measure:
    """A guard: `compare` gives None where there is too little to compare, which `may_be_absent` lets pass."""

    name: str
    margin: float
    compare: Compare
    may_be_absent: bool = False


def measures(policy: Policy, evidence: Evidence) -> list[Measure]:
    """The guards that the policy lists, in its order; an unknown name is refused because it would guard nothing."""
    out: list[Measure] = []
    least = policy.min_guard_items
    for name in policy.guards:
        if name in KEPT_SETS:
            out.append(Measure(name, policy.margin, _means(_of_set(name), _em, policy.margin, least)))
        elif name == "earlier_repair":
            out.append(Measure(name, policy.margin, _means(_of_set(name), _em, policy.margin, 0), may_be_absent=True))
        elif name == "languages":
            for tag in policy.languages:
                out.append(Measure(f"language {tag}", policy.margin, _means(_of_language(tag), _em, policy.margin, least)))
        elif name == "script":
            out.append(Measure(name, policy.script_margin, _means(_in_words, _script, policy.script_margin, least)))
        elif name == "hallucination":
            compare = _means(_checkable, _grounded, policy.hallucination_margin, 0)
            out.append(Measure(name, policy.hallucination_margin, compare, may_be_absent=True))
        elif name == "latency":
            out.append(Measure(name, policy.latency_margin, _speed(policy.latency_margin, least)))
        elif name == LINEAGE_START:
            for kept in KEPT_SETS:
                compare = _since_start(kept, policy.lineage_margin, least)
                out.append(Measure(f"{LINEAGE_START} {kept}", policy.lineage_margin, compare, may_be_absent=evidence.start is None))
        else:
            raise UnusableScores(f"the policy lists the guard {name!r}, which is not known")
    return out


def _means(covers: Covers, value: Value, margin: float, least: int) -> Compare:
    """Compares the mean value of both sides over the items that it covers; any loss is harm where it is significant."""

    def compare(evidence: Evidence) -> Comparison | None:
        chosen = [item for item in evidence.items if covers(item)]
        if not chosen or len(chosen) < least:
            return None
        losses = tuple(value(item["baseline"]) - value(item["candidate"]) for item in chosen)
        return _compared(losses, chosen, margin, allowed=0.0)

    return compare


def _since_start(kept: str, margin: float, least: int) -> Compare:
    """Compares with the kept scores of the lineage's start; only a loss beyond the margin is harm.

    Against the version before, each loss is new. Against the start, a loss that earlier promotions were allowed would be held against every
    later candidate, whatever that one does.
    """

    def compare(evidence: Evidence) -> Comparison | None:
        em = evidence.start.em if evidence.start is not None else {}
        chosen = [item for item in evidence.items if item["set"] == kept and item["item_id"] in em]
        if not chosen or len(chosen) < least:
            return None
        losses = tuple(float(em[item["item_id"]]) - float(item["candidate"]["em"]) for item in chosen)
        return _compared(losses, chosen, margin, allowed=margin)

    return compare


def _compared(losses: Sequence[float], items: Sequence[Item], margin: float, *, allowed: float) -> Comparison:
    change = -sum(losses) / len(losses)
    clusters = tuple(str(item["group"]) for item in items)
    return Comparison(change, change > -margin, PairedDifferences(tuple(loss - allowed for loss in losses), clusters), len(items))


def _speed(margin: float, least: int) -> Compare:
    """Compares the timed batches; answers alone, as the release before timed them, have no independent units and show no harm."""

    def compare(evidence: Evidence) -> Comparison | None:
        timings = evidence.timings
        if timings is None:
            return _answer_speed(evidence, margin, least)
        slowdown, units = timings.slowdown(), timings.units()
        loss = None
        if units >= FEWEST_UNITS:
            loss = PairedDifferences(timings.losses(margin), tuple(map(str, range(units))))
        return Comparison(math.expm1(-slowdown), slowdown < math.log1p(margin), loss, units)

    return compare


def _answer_speed(evidence: Evidence, margin: float, least: int) -> Comparison | None:
    """By the median of answers' time for a token. Of one token, because a right answer may be longer than the wrong one it replaces."""
    ratios = []
    for item in evidence.items:
        before, after = (_log_ms_of_a_token(item[side]) for side in ("baseline", "candidate"))
        if before is not None and after is not None:
            ratios.append(after - before)
    if not ratios or len(ratios) < least:
        return None
    slowdown = median(ratios)
    return Comparison(math.expm1(-slowdown), slowdown < math.log1p(margin), None, len(ratios))


def _log_ms_of_a_token(row: Mapping[str, Any]) -> float | None:
    latency, tokens = float(row["latency_ms"]), float(row["tokens"])
    return math.log(latency) - math.log(tokens) if latency > 0 and tokens > 0 else None


def _of_set(name: str) -> Covers:
    return lambda item: bool(item["set"] == name)


def _of_language(tag: str) -> Covers:
    return lambda item: item["set"] in KEPT_SETS and bool(item["language"] == tag)


def _in_words(item: Item) -> bool:
    """An item that at least one side answered in letters: a bare number has no script."""
    return any(item[side]["script_violation"] is not None for side in ("baseline", "candidate"))


def _checkable(item: Item) -> bool:
    return any(item[side]["checkable"] > 0 for side in ("baseline", "candidate"))


def _em(row: Mapping[str, Any]) -> float:
    return float(row["em"])


def _script(row: Mapping[str, Any]) -> float:
    return -float(bool(row["script_violation"]))


def _grounded(row: Mapping[str, Any]) -> float:
    return -float(row["unsupported"] > 0)
