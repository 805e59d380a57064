"""Decides whether a candidate is measurably better than what serves: pure, and closed wherever anything is missing.

Primary: the gain in fixed `repair` items (each by the rule of its kind), clustered by source group, significant at one-sided 5 %, exact
(McNemar) where groups are single. Guards: each by itself, no significant harm (Holm, 1 %), and its loss shown to be within a margin that
grows as its set shrinks (Tango's lower 95 % bound); against the first version of the lineage a margin and a harm test of their own.
PROMOTE needs all of it; REJECT needs significant harm; BROKEN is an item, a side or a score that is missing or another; all else is
ABSTAIN with the number of items that would settle it. No I/O, no clock; the seed decides the resampling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gpu_runner.evaluate.aggregate import cut_warning
from gpu_runner.gate.decision import PRIMARY_SET, Decision, Effect, Guard, GuardState, Verdict
from gpu_runner.gate.driver import driver_of
from gpu_runner.gate.guards import LINEAGE_START, Comparison, Measure, measures
from gpu_runner.gate.needed import MOST, items_to_gain, items_to_show
from gpu_runner.gate.policy import Policy
from gpu_runner.gate.reasons import driver_reason, guard_reason, points
from gpu_runner.gate.scores import Evidence, LineageStart, UnusableScores, checked
from gpu_runner.gate.statistics import PairedDifferences, detectable_effect, holm, interval, sign_flip_p, standard_error

__all__ = ["Decision", "Effect", "Guard", "LineageStart", "Policy", "broken", "decide"]

_OPEN: Final = ("satisfied", "nothing_to_check")


def decide(
    policy: Policy, scores: Mapping[str, Any], *, seed: int, start: LineageStart | None = None, also: Sequence[str] = (),
    texts: Mapping[str, str] | None = None,
) -> Decision:  # fmt: skip
    """The verdict on scores.json (`gpu_runner.evaluate.score`). Never raises for bad scores: they are BROKEN with the reason.

    `start` is what the lineage's first version scored; None where the baseline is that version. `also` are sets that are guarded beside the
    policy's. `texts` are questions by item id, for the words of the driver; they get into nothing else.
    """
    try:
        evidence = checked(scores, start)
        primary = _primary(policy, evidence, seed)
        guards, compared = _guards(policy, evidence, seed, also)
        cut = cut_warning(evidence.items)
        driver = _driver(guards, compared, texts)
    except UnusableScores as error:
        return broken(policy, str(error))
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        return broken(policy, f"the scores are not as expected ({type(error).__name__}: {str(error)[:200]})")
    effect, reasons = primary.effect, list(primary.reasons)
    verdict: Verdict = "inconclusive"
    lost = any(guard.state == "missing" for guard in guards)
    if lost:
        pass
    elif any(guard.state == "harmed" for guard in guards):
        verdict = "reject"
    elif effect is not None and effect.significant and all(guard.state in _OPEN for guard in guards):
        verdict = "promote"
    needed = _needed(primary, guards) if verdict == "inconclusive" and not lost else {}
    if verdict == "inconclusive" and primary.detectable is not None and not (effect is not None and effect.significant):
        reasons.append(f"a true gain of {points(primary.detectable)} or more would have been found four times out of five")
    reasons += [told for guard in guards if (told := guard_reason(guard))]
    reasons += [
        f"{name}: {count} items would settle it"
        for name, count in needed.items()
        if count < MOST and (name != PRIMARY_SET or effect is not None)
    ]
    if driver is not None and any(guard.state in ("harmed", "below_margin") for guard in guards):
        reasons += driver_reason(driver)
    return Decision(
        verdict, (*reasons, *([cut] if cut else [])), effect, guards, primary.detectable, evidence.items_sha256, lost,
        max(needed.values(), default=None), needed, driver, primary.noise,
        policy.false_promotions_a_year(),
    )  # fmt: skip


def broken(policy: Policy, reason: str) -> Decision:
    """BROKEN for one reason: nothing was compared."""
    return Decision("inconclusive", (reason,), None, (), None, None, broken=True, false_promotions_a_year=policy.false_promotions_a_year())


@dataclass(frozen=True)
class _Primary:
    effect: Effect | None
    detectable: float | None
    reasons: tuple[str, ...]
    needed: int | None
    noise: float | None = None


def _primary(policy: Policy, evidence: Evidence, seed: int) -> _Primary:
    chosen = [item for item in evidence.items if item["set"] == PRIMARY_SET]
    groups = len({item["group"] for item in chosen})
    if groups < policy.min_primary_groups:
        few = f"the repair set has {len(chosen)} items of {groups} groups: at least {policy.min_primary_groups} groups are needed"
        return _Primary(None, None, (few,), policy.min_primary_groups)
    baseline = [float(item["baseline"]["em"]) for item in chosen]
    candidate = [float(item["candidate"]["em"]) for item in chosen]
    differences = _paired(baseline, candidate, chosen)
    noise, drift = _noise(evidence, chosen)
    p_value, gain = sign_flip_p(differences, seed=seed), differences.mean()
    low, high = interval(differences, level=0.9, seed=seed + 1)
    effect = Effect(
        gain=gain, low=low, high=high, p_value=p_value, items=len(chosen), groups=groups, baseline=sum(baseline) / len(baseline),
        candidate=sum(candidate) / len(candidate), significant=p_value <= policy.alpha and gain > drift,
    )  # fmt: skip
    told = "a significant gain" if effect.significant else "no significant gain"
    long_ones = sum(item["candidate"].get("kind") == "long" for item in chosen)
    what = f"share of fixed repair items ({long_ones} of them long, judged by their facts)" if long_ones else "repair exact match"
    reasons = [
        f"{what} went from {effect.baseline:.3f} to {effect.candidate:.3f} on {effect.items} items of {groups} groups: {told} "
        f"({points(gain)}, 90 % interval {points(low)} to {points(high)}, p = {p_value:.4f})"
    ]
    if noise:
        reasons.append(
            f"the baseline, asked twice, answered {100 * noise:.1f} % of these items otherwise and moved by {points(drift)}: "
            "a gain has to be larger than that"
        )
    error = standard_error(differences)
    needed = None if effect.significant else items_to_gain(policy, differences, error)
    return _Primary(effect, detectable_effect(differences), tuple(reasons), needed, noise)


def _noise(evidence: Evidence, chosen: Sequence[Mapping[str, Any]]) -> tuple[float | None, float]:
    """The share of items that the baseline answered otherwise when it was asked again, and by how much its mean moved."""
    again = evidence.repeat
    moved = [again[item["item_id"]] - float(item["baseline"]["em"]) for item in chosen if item["item_id"] in again]
    if not moved:
        return None, 0.0
    return sum(value != 0 for value in moved) / len(moved), abs(sum(moved)) / len(moved)


def _guards(policy: Policy, evidence: Evidence, seed: int, also: Sequence[str]) -> tuple[tuple[Guard, ...], tuple[Comparison | None, ...]]:
    asked = measures(policy, evidence, also=also)
    found = [measure.compare(evidence) for measure in asked]
    p_harm = {
        place: sign_flip_p(comparison.loss, seed=seed + 2 + place)
        for place, comparison in enumerate(found)
        if comparison is not None and comparison.loss is not None
    }
    harmed = dict(zip(p_harm, holm(list(p_harm.values()), alpha=policy.harm_alpha), strict=True))
    guards = tuple(
        _guard(policy, measure, comparison, p_harm.get(place), harmed.get(place, False))
        for place, (measure, comparison) in enumerate(zip(asked, found, strict=True))
    )
    return guards, tuple(found)


def _guard(policy: Policy, measure: Measure, found: Comparison | None, p_harm: float | None, harmed: bool) -> Guard:
    state: GuardState
    if found is None:
        state = "nothing_to_check" if measure.may_be_absent else "missing" if measure.pinned else "too_few"
        return Guard(
            measure.name, state, None, None, measure.margin, 0, items_needed=None if state != "too_few" else policy.min_guard_items
        )
    if harmed:
        state = "harmed"
    elif not found.enough:
        state = "nothing_to_check" if measure.may_be_absent else "too_few"
    else:
        state = "satisfied" if found.within else "below_margin"
    needed = None
    if state in ("below_margin", "too_few") and found.bound is not None:
        floor = policy.lineage_margin if measure.name.startswith(LINEAGE_START) else 0.0
        needed = items_to_show(policy, policy.margin if floor else measure.margin, found, floor=floor)
    return Guard(measure.name, state, found.change, p_harm, found.margin, found.items, found.bound, needed)


def _needed(primary: _Primary, guards: Sequence[Guard]) -> dict[str, int]:
    needed = {PRIMARY_SET: primary.needed} if primary.needed is not None else {}
    return needed | {guard.name: guard.items_needed for guard in guards if guard.items_needed is not None}


def _driver(guards: Sequence[Guard], compared: Sequence[Comparison | None], texts: Mapping[str, str] | None) -> dict[str, Any] | None:
    """The driver of the guard that refuses most surely: a harmed one, then one not within its margin, then the nearest to harm.

    A set goes before a language. Where languages alone refuse, it is looked for in all guarded sets, so that a language can be found.
    """
    order = {"harmed": 0, "below_margin": 1}
    refusing = [
        (order.get(guard.state, 2), _is_language(guard), guard.p_harm, place)
        for place, guard in enumerate(guards)
        if guard.p_harm is not None
    ]
    for _, of_language, _, place in sorted(refusing):
        pairs = zip(guards, compared, strict=True)
        found = [one for guard, one in pairs if one is not None and _is_language(guard)] if of_language else [compared[place]]
        covered = {item["item_id"]: item for one in found if one is not None for item in one.covered}
        worse = {name for one in found if one is not None for name in one.worse}
        if (driver := driver_of(guards[place].name, list(covered.values()), worse, texts)) is not None:
            return driver
    return None


def _is_language(guard: Guard) -> bool:
    return guard.name.startswith("language ")


def _paired(baseline: Sequence[float], candidate: Sequence[float], items: Sequence[Mapping[str, Any]]) -> PairedDifferences:
    values = tuple(after - before for before, after in zip(baseline, candidate, strict=True))
    return PairedDifferences(values, tuple(str(item["group"]) for item in items))
