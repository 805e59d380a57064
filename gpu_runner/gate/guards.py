"""The guards that a policy lists, and how each compares the two sides. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from gpu_runner.gate.latency import FEWEST_UNITS
from gpu_runner.gate.non_inferiority import lower_bound
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

    `bound` is the lower 95 % bound of the change, None where the guard has none (latency). `loss` is above zero where the guard counts
    harm; None where no independent units are known, so that nothing can be significant. `covered` are the compared items, `worse` the ids
    of those that the candidate does worse. `enough`: not fewer items than the policy asks for.
    """

    change: float
    bound: float | None
    within: bool
    margin: float
    loss: PairedDifferences | None
    items: int
    enough: bool = True
    covered: tuple[Item, ...] = ()
    worse: tuple[str, ...] = ()


Compare = Callable[[Evidence], Comparison | None]


@dataclass(frozen=True)
class Measure:
    """A guard: `compare` gives None where there is nothing to compare, which breaks a decision where it is `pinned`.

    `may_be_absent` lets nothing or too little pass, and says so.
    """

    name: str
    margin: float
    compare: Compare
    may_be_absent: bool = False
    pinned: bool = False


def measures(policy: Policy, evidence: Evidence, *, also: Sequence[str] = ()) -> list[Measure]:
    """The guards that the policy lists, in its order, and a guard for each set of `also`.

    An unknown name in the policy is refused, because it would guard nothing.
    """
    out: list[Measure] = []
    least = policy.min_guard_items
    kept = (*KEPT_SETS, *also)
    for name in policy.guards:
        optional = name not in policy.required
        if name in KEPT_SETS:
            compare = _means(_of_set(name), _em, policy.margin, policy, least)
            out.append(Measure(name, policy.margin, compare, may_be_absent=optional, pinned=not optional))
        elif name == "earlier_repair":
            out.append(Measure(name, policy.margin, _means(_of_set(name), _em, policy.margin, policy, 0), may_be_absent=True))
        elif name == "languages":
            for tag in policy.languages:
                compare = _means(_of_language(tag, kept), _em, policy.margin, policy, least)
                out.append(Measure(f"language {tag}", policy.margin, compare, may_be_absent=optional))
        elif name == "script":
            compare = _means(_in_words, _script, policy.script_margin, policy, least)
            out.append(Measure(name, policy.script_margin, compare, may_be_absent=optional))
        elif name == "hallucination":
            compare = _means(_checkable, _grounded, policy.hallucination_margin, policy, 0)
            out.append(Measure(name, policy.hallucination_margin, compare, may_be_absent=True))
        elif name == "latency":
            out.append(Measure(name, policy.latency_margin, _speed(policy.latency_margin, least), may_be_absent=optional))
        elif name == LINEAGE_START:
            for one in kept:
                compare = _since_start(one, policy, least)
                first = evidence.start is None
                optional = first or one not in KEPT_SETS or (one not in policy.required and not _has(evidence, one))
                out.append(Measure(f"{LINEAGE_START} {one}", policy.lineage_margin, compare, may_be_absent=optional, pinned=not optional))
        else:
            raise UnusableScores(f"the policy lists the guard {name!r}, which is not known")
    out += [Measure(name, policy.margin, _means(_of_set(name), _em, policy.margin, policy, 0)) for name in also]
    return out


def _has(evidence: Evidence, name: str) -> bool:
    return any(item["set"] == name for item in evidence.items)


def _means(covers: Covers, value: Value, margin: float, policy: Policy, least: int) -> Compare:
    """Compares the mean value of both sides over the items that it covers; any loss is harm where it is significant."""

    def compare(evidence: Evidence) -> Comparison | None:
        chosen = [item for item in evidence.items if covers(item)]
        changes = tuple(value(item["candidate"]) - value(item["baseline"]) for item in chosen)
        return _compared(changes, chosen, policy.margin_of(margin, len(chosen)), least)

    return compare


def _since_start(kept: str, policy: Policy, least: int) -> Compare:
    """Compares with the kept scores of the lineage's start. The margin is its own, and that of the set's size where that is wider.

    A loss since the start is harm of a candidate that adds to it. Who loses nothing more than the version before is held to the margin
    alone: else a lineage that has lost once could never go on.
    """

    def compare(evidence: Evidence) -> Comparison | None:
        em = evidence.start.em if evidence.start is not None else {}
        chosen = [item for item in evidence.items if item["set"] == kept and item["item_id"] in em]
        changes = tuple(float(item["candidate"]["em"]) - float(em[item["item_id"]]) for item in chosen)
        margin = max(policy.lineage_margin, policy.margin_of(policy.margin, len(chosen)))
        found = _compared(changes, chosen, margin, least)
        added = sum(_em(item["candidate"]) - _em(item["baseline"]) for item in chosen)
        return found if found is None or added < 0 else replace(found, loss=None)

    return compare


def _compared(changes: Sequence[float], items: Sequence[Item], margin: float, least: int) -> Comparison | None:
    if not changes:
        return None
    clusters = tuple(str(item["group"]) for item in items)
    bound = lower_bound(PairedDifferences(tuple(changes), clusters))
    worse = tuple(str(item["item_id"]) for item, change in zip(items, changes, strict=True) if change < 0)
    return Comparison(
        change=sum(changes) / len(changes), bound=bound, within=bound > -margin, margin=margin,
        loss=PairedDifferences(tuple(-change for change in changes), clusters), items=len(items),
        enough=len(items) >= least, covered=tuple(items), worse=worse,
    )  # fmt: skip


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
        return Comparison(math.expm1(-slowdown), None, slowdown < math.log1p(margin), margin, loss, units)

    return compare


def _answer_speed(evidence: Evidence, margin: float, least: int) -> Comparison | None:
    """By the median of answers' time for a token. Of one token, because a right answer may be longer than the wrong one it replaces."""
    ratios = []
    for item in evidence.items:
        before, after = (_log_ms_of_a_token(item[side]) for side in ("baseline", "candidate"))
        if before is not None and after is not None:
            ratios.append(after - before)
    if not ratios:
        return None
    slowdown = median(ratios)
    within = slowdown < math.log1p(margin)
    return Comparison(math.expm1(-slowdown), None, within, margin, None, len(ratios), enough=len(ratios) >= least)


def _log_ms_of_a_token(row: Mapping[str, Any]) -> float | None:
    latency, tokens = float(row["latency_ms"]), float(row["tokens"])
    return math.log(latency) - math.log(tokens) if latency > 0 and tokens > 0 else None


def _of_set(name: str) -> Covers:
    return lambda item: bool(item["set"] == name)


def _of_language(tag: str, kept: Sequence[str]) -> Covers:
    return lambda item: item["set"] in kept and bool(item["language"] == tag)


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
