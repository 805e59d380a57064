"""Decides whether a candidate is measurably better than what serves: pure, and closed wherever anything is missing.

Primary: the gain in exact match on `repair` items, clustered by source group, significant at one-sided 5 %. Guards: no significant harm
(Holm over all guards, 5 %), and every point estimate above -margin. PROMOTE needs all of it; REJECT needs significant harm; all else is
INCONCLUSIVE with the effect that could have been found. No I/O, no clock; the seed decides the resampling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from gpu_runner.evaluate.aggregate import cut_warning
from gpu_runner.gate_policy import Measure, Policy, UnusableScores, log_slowdown, measures, number
from gpu_runner.gate_statistics import PairedDifferences, detectable_effect, holm, interval, sign_flip_p

Verdict = Literal["promote", "reject", "inconclusive"]
GuardState = Literal["satisfied", "harmed", "below_margin", "missing", "nothing_to_check"]

PRIMARY_SET: Final = "repair"


@dataclass(frozen=True)
class Effect:
    """The primary: mean paired gain in exact match with its two-sided 90 % interval and one-sided p-value."""

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

    `change` and `p_harm` are None where there was nothing to compare.
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


def decide(policy: Policy, scores: Mapping[str, Any], *, seed: int) -> Decision:
    """The verdict on scores.json (`gpu_runner.evaluate.score`). Never raises for bad scores: they are INCONCLUSIVE with the reason."""
    try:
        items, items_hash = _checked(scores)
        primary, detectable, reasons = _primary(policy, items, seed)
        guards = _guards(policy, items, seed)
        cut = cut_warning(items)
    except (UnusableScores, KeyError, TypeError, AttributeError, IndexError) as error:
        reason = str(error) if isinstance(error, UnusableScores) else f"the scores are not as expected ({type(error).__name__}: {error})"
        return Decision("inconclusive", (reason,), None, (), None, None)
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


def _checked(scores: Mapping[str, Any]) -> tuple[Sequence[Mapping[str, Any]], str]:
    """The items of scores that are complete: same items asked of both sides, every answer there, every id once."""
    hashes = scores["items_sha256"]
    if not hashes["items"] or not hashes["items"] == hashes["baseline"] == hashes["candidate"]:
        raise UnusableScores("the two sides were not asked the same items: their item hashes differ")
    items: Sequence[Mapping[str, Any]] = scores["items"]
    if not items:
        raise UnusableScores("there are no evaluation items")
    if len({item["item_id"] for item in items}) != len(items):
        raise UnusableScores("an evaluation item comes twice")
    for side in ("baseline", "candidate"):
        missing = sum(bool(item[side]["missing"]) for item in items)
        if missing:
            raise UnusableScores(f"{missing} of {len(items)} answers of the {side} are missing")
    return items, str(hashes["items"])


def _primary(policy: Policy, items: Sequence[Mapping[str, Any]], seed: int) -> tuple[Effect | None, float | None, list[str]]:
    chosen = [item for item in items if item["set"] == PRIMARY_SET]
    groups = len({item["group"] for item in chosen})
    if groups < policy.min_primary_groups:
        few = f"the repair set has {len(chosen)} items of {groups} groups: at least {policy.min_primary_groups} groups are needed"
        return None, None, [few]
    baseline = [number(item["baseline"]["em"]) for item in chosen]
    candidate = [number(item["candidate"]["em"]) for item in chosen]
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
    reason = (
        f"repair exact match went from {effect.baseline:.3f} to {effect.candidate:.3f} on {effect.items} items of {groups} groups: {told} "
        f"({_points(gain)}, 90 % interval {_points(low)} to {_points(high)}, p = {p_value:.4f})"
    )
    return effect, detectable_effect(differences), [reason]


def _guards(policy: Policy, items: Sequence[Mapping[str, Any]], seed: int) -> tuple[Guard, ...]:
    asked = measures(policy)
    compared: dict[int, PairedDifferences] = {}
    p_harm: dict[int, float] = {}
    for place, measure in enumerate(asked):
        chosen = [item for item in items if measure.covers(item)]
        pairs = [(measure.value(item["baseline"]), measure.value(item["candidate"]), item) for item in chosen]
        both = [(before, after, item) for before, after, item in pairs if before is not None and after is not None]
        if not both or len(both) < measure.least_items:
            continue
        differences = _paired([before for before, _, _ in both], [after for _, after, _ in both], [item for _, _, item in both])
        compared[place] = differences
        allowed = log_slowdown(measure.margin) if measure.harm_beyond_margin else 0.0
        loss = PairedDifferences(tuple(-value - allowed for value in differences.values), differences.clusters)
        p_harm[place] = sign_flip_p(loss, seed=seed + 2 + place)
    places = list(compared)
    harmed = dict(zip(places, holm([p_harm[place] for place in places], alpha=policy.alpha), strict=True))
    return tuple(_guard(measure, compared.get(place), p_harm.get(place), harmed.get(place, False)) for place, measure in enumerate(asked))


def _guard(measure: Measure, differences: PairedDifferences | None, p_harm: float | None, harmed: bool) -> Guard:
    if differences is None:
        state: GuardState = "nothing_to_check" if measure.may_be_absent else "missing"
        return Guard(measure.name, state, None, None, measure.margin, 0)
    mean = differences.mean()
    change = math.expm1(mean) if measure.harm_beyond_margin else mean
    # Speed is a ratio: 50 % slower is a factor 1 / 1.5, so its margin is compared on the scale of the logarithm.
    within = mean > -(log_slowdown(measure.margin) if measure.harm_beyond_margin else measure.margin)
    return Guard(
        measure.name,
        "harmed" if harmed else "satisfied" if within else "below_margin",
        change,
        p_harm,
        measure.margin,
        len(differences.values),
    )


def _reason(guard: Guard) -> str | None:
    """The guard in a sentence; None for one that is satisfied, which needs no reason."""
    if guard.state == "satisfied":
        return None
    if guard.state == "nothing_to_check":
        return f"{guard.name}: nothing to compare, which counts as satisfied"
    if guard.state == "missing":
        return f"{guard.name}: too few items to compare, so nothing can be promoted"
    told = f"{guard.name}: changed by {_points(guard.change or 0.0)} on {guard.items} items"
    if guard.name == "latency":
        told = f"latency: speed changed by {100 * (guard.change or 0.0):+.0f} % on {guard.items} items"
    if guard.state == "harmed":
        return f"{told}, significantly worse (p = {guard.p_harm or 0.0:.4f}, Holm)"
    return f"{told}, beyond the margin of {100 * guard.margin:.0f} {'%' if guard.name == 'latency' else 'points'}"


def _paired(baseline: Sequence[float], candidate: Sequence[float], items: Sequence[Mapping[str, Any]]) -> PairedDifferences:
    values = tuple(after - before for before, after in zip(baseline, candidate, strict=True))
    return PairedDifferences(values, tuple(str(item["group"]) for item in items))


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"
