"""Decides whether a candidate is measurably better than what serves: pure, and closed wherever anything is missing.

Primary: the gain in fixed `repair` items (short answers by exact match, long ones by their facts), clustered by source group, significant
at one-sided 5 %. Guards: no significant harm (Holm over all guards, 5 %), and every point estimate above -margin; against the first version
of the lineage a margin of its own. PROMOTE needs all of it; REJECT needs significant harm; all else is INCONCLUSIVE with the effect that
could have been found. No I/O, no clock; the seed decides the resampling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from gpu_runner.evaluate.aggregate import cut_warning
from gpu_runner.gate.guards import LINEAGE_START, Comparison, Measure, measures
from gpu_runner.gate.policy import Policy
from gpu_runner.gate.scores import Evidence, LineageStart, UnusableScores, checked
from gpu_runner.gate.statistics import PairedDifferences, detectable_effect, holm, interval, sign_flip_p

Verdict = Literal["promote", "reject", "inconclusive"]
GuardState = Literal["satisfied", "harmed", "below_margin", "missing", "nothing_to_check"]

__all__ = ["Decision", "Effect", "Guard", "LineageStart", "Policy", "decide"]

PRIMARY_SET: Final = "repair"


@dataclass(frozen=True)
class Effect:
    """The primary: mean paired gain in fixed items with its two-sided 90 % interval and one-sided p-value."""

    gain: float
    low: float
    high: float
    p_value: float
    items: int
    groups: int
    baseline: float
    candidate: float
    significant: bool


@dataclass(frozen=True)
class Guard:
    """One guard: `change` is candidate minus baseline, oriented so that below zero is worse; `p_harm` is one-sided.

    `change` is None where there was nothing to compare, `p_harm` also where no independent units are known. `items` are what was compared:
    items, or the timed batches of latency.
    """

    name: str
    state: GuardState
    change: float | None
    p_harm: float | None
    margin: float
    items: int


@dataclass(frozen=True)
class Decision:
    """The verdict with its reasons in plain sentences, and what it rests on."""

    verdict: Verdict
    reasons: tuple[str, ...]
    primary: Effect | None
    guards: tuple[Guard, ...]
    detectable_effect: float | None
    items_sha256: str | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def decide(policy: Policy, scores: Mapping[str, Any], *, seed: int, start: LineageStart | None = None) -> Decision:
    """The verdict on scores.json (`gpu_runner.evaluate.score`). Never raises for bad scores: they are INCONCLUSIVE with the reason.

    `start` is what the lineage's first version scored; None where the baseline is that version.
    """
    try:
        evidence = checked(scores, start)
        primary, detectable, reasons = _primary(policy, evidence.items, seed)
        guards = _guards(policy, evidence, seed)
        cut = cut_warning(evidence.items)
    except UnusableScores as error:
        return Decision("inconclusive", (str(error),), None, (), None, None)
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        reason = f"the scores are not as expected ({type(error).__name__}: {str(error)[:200]})"
        return Decision("inconclusive", (reason,), None, (), None, None)
    items_hash = evidence.items_sha256
    verdict: Verdict
    guard_reasons = [told for guard in guards if (told := _reason(guard))]
    if any(guard.state == "harmed" for guard in guards):
        verdict = "reject"
    elif primary is not None and primary.significant and all(guard.state in ("satisfied", "nothing_to_check") for guard in guards):
        verdict = "promote"
    else:
        verdict = "inconclusive"
        if detectable is not None:
            reasons.append(f"a true gain of {_points(detectable)} or more would have been found four times out of five")
    return Decision(verdict, (*reasons, *guard_reasons, *([cut] if cut else [])), primary, guards, detectable, items_hash)


def _primary(policy: Policy, items: Sequence[Mapping[str, Any]], seed: int) -> tuple[Effect | None, float | None, list[str]]:
    chosen = [item for item in items if item["set"] == PRIMARY_SET]
    groups = len({item["group"] for item in chosen})
    if groups < policy.min_primary_groups:
        few = f"the repair set has {len(chosen)} items of {groups} groups: at least {policy.min_primary_groups} groups are needed"
        return None, None, [few]
    baseline = [float(item["baseline"]["em"]) for item in chosen]
    candidate = [float(item["candidate"]["em"]) for item in chosen]
    differences = _paired(baseline, candidate, chosen)
    p_value = sign_flip_p(differences, seed=seed)
    low, high = interval(differences, level=0.9, seed=seed + 1)
    gain = differences.mean()
    effect = Effect(
        gain=gain,
        low=low,
        high=high,
        p_value=p_value,
        items=len(chosen),
        groups=groups,
        baseline=sum(baseline) / len(baseline),
        candidate=sum(candidate) / len(candidate),
        significant=p_value <= policy.alpha and gain > 0,
    )
    told = "a significant gain" if effect.significant else "no significant gain"
    long_ones = sum(item["candidate"].get("kind") == "long" for item in chosen)
    what = f"share of fixed repair items ({long_ones} of them long, judged by their facts)" if long_ones else "repair exact match"
    reason = (
        f"{what} went from {effect.baseline:.3f} to {effect.candidate:.3f} on {effect.items} items of {groups} groups: {told} "
        f"({_points(gain)}, 90 % interval {_points(low)} to {_points(high)}, p = {p_value:.4f})"
    )
    return effect, detectable_effect(differences), [reason]


def _guards(policy: Policy, evidence: Evidence, seed: int) -> tuple[Guard, ...]:
    asked = measures(policy, evidence)
    found = [measure.compare(evidence) for measure in asked]
    p_harm = {
        place: sign_flip_p(comparison.loss, seed=seed + 2 + place)
        for place, comparison in enumerate(found)
        if comparison is not None and comparison.loss is not None
    }
    harmed = dict(zip(p_harm, holm(list(p_harm.values()), alpha=policy.alpha), strict=True))
    return tuple(
        _guard(measure, comparison, p_harm.get(place), harmed.get(place, False))
        for place, (measure, comparison) in enumerate(zip(asked, found, strict=True))
    )


def _guard(measure: Measure, found: Comparison | None, p_harm: float | None, harmed: bool) -> Guard:
    if found is None:
        state: GuardState = "nothing_to_check" if measure.may_be_absent else "missing"
        return Guard(measure.name, state, None, None, measure.margin, 0)
    state = "harmed" if harmed else "satisfied" if found.within else "below_margin"
    return Guard(measure.name, state, found.change, p_harm, measure.margin, found.items)


def _reason(guard: Guard) -> str | None:
    """The guard in a sentence; None for one that is satisfied, which needs no reason.

    But what was lost since the lineage's start is always told: it is what no comparison with the version before shows.
    """
    since_start = guard.name.startswith(LINEAGE_START)
    if guard.state == "nothing_to_check":
        why = "the baseline is the lineage's first version" if since_start else "nothing to compare"
        return f"{guard.name}: {why}, which counts as satisfied"
    if guard.state == "missing":
        return f"{guard.name}: too few items to compare, so nothing can be promoted"
    change, latency = guard.change or 0.0, guard.name == "latency"
    if latency:
        told = f"latency: speed changed by {100 * change:+.0f} % on {guard.items} {'items' if guard.p_harm is None else 'batches'}"
    else:
        told = f"{guard.name}: changed by {_points(change)} on {guard.items} items"
    if guard.state == "satisfied":
        return f"{told}, within the margin of {100 * guard.margin:.0f} points" if since_start and change < 0 else None
    if guard.state == "harmed":
        return f"{told}, significantly worse (p = {guard.p_harm or 0.0:.4f}, Holm)"
    return f"{told}, beyond the margin of {100 * guard.margin:.0f} {'%' if latency else 'points'}"


def _paired(baseline: Sequence[float], candidate: Sequence[float], items: Sequence[Mapping[str, Any]]) -> PairedDifferences:
    values = tuple(after - before for before, after in zip(baseline, candidate, strict=True))
    return PairedDifferences(values, tuple(str(item["group"]) for item in items))


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"
